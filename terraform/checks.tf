# Rules across variables. A single variable's rules are in its validation block.

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = !local.is_open || var.environment == "dev"
      error_message = "api_authorization = none, or an override of it, leaves routes open to anybody: in dev only."
    }

    precondition {
      condition     = !local.is_open || local.is_local || (var.monthly_budget_usd != null && length(var.alarm_emails) > 0)
      error_message = "api_authorization = none, or an override of it, lets anybody spend your money: in AWS it needs monthly_budget_usd, and somebody in alarm_emails who hears of it."
    }

    precondition {
      condition     = !local.asks_for_tokens || (var.jwt_issuer != "" && length(var.jwt_audience) > 0)
      error_message = "Routes with jwt need jwt_issuer and jwt_audience."
    }

    precondition {
      condition     = length(var.external_accounts) == 0 || length(var.external_sources) > 0
      error_message = "external_accounts opens the bus to others: name their sources in external_sources."
    }

    precondition {
      condition     = !local.is_local || var.environment == "dev" || var.rehearsal
      error_message = "aws_endpoint_url points at an emulator: only with environment = dev, or as a rehearsal."
    }

    precondition {
      condition     = !(var.environment == "prod" && length(var.agent_role_trusted_arns) > 0)
      error_message = "agent_role_trusted_arns lets others act as an agent: not in prod."
    }

    precondition {
      condition     = var.heartbeat_timeout_seconds <= var.step_timeout_seconds
      error_message = "heartbeat_timeout_seconds is longer than step_timeout_seconds: it would never count."
    }

    precondition {
      condition     = var.start_timeout_seconds <= var.step_timeout_seconds
      error_message = "start_timeout_seconds is longer than step_timeout_seconds: it would never count."
    }

    precondition {
      condition     = !(var.environment == "prod" && contains(var.cors_allow_origins, "*"))
      error_message = "cors_allow_origins = * lets every page call the API: name the origins in prod."
    }

    precondition {
      condition     = !(var.environment == "prod" && contains(var.approver_sources, "*"))
      error_message = "approver_sources = * lets every source decide for any approver: name the sources in prod."
    }

    precondition {
      condition     = !(var.environment == "prod" && !var.point_in_time_recovery)
      error_message = "point_in_time_recovery stays on in prod."
    }

    precondition {
      condition     = !(var.environment == "prod" && !var.artifact_versioning)
      error_message = "artifact_versioning stays on in prod."
    }

    precondition {
      condition     = var.artifact_archive_days == null ? true : var.artifact_archive_days >= var.artifact_transition_days + 30
      error_message = "artifact_archive_days is at least 30 more than artifact_transition_days: S3 bills 30 days of STANDARD_IA in any case."
    }

    precondition {
      condition     = alltrue([for service in ["intake", "approval", "callback", "artifacts"] : local.function_settings[service].timeout_seconds <= 30])
      error_message = "function_settings: intake, approval, callback and artifacts take at most 30 seconds, because an HTTP API waits no longer."
    }

    precondition {
      condition     = length(setsubtract(keys(var.function_settings), keys(local.function_settings))) == 0
      error_message = "function_settings: there is no function ${join(", ", setsubtract(keys(var.function_settings), keys(local.function_settings)))}. Functions are intake, approval, callback, artifacts, relay, deadlines and, for each agent, <agent>-dispatch."
    }

    precondition {
      condition     = length(local.unknown_agents) == 0
      error_message = "A flow names an agent that is not in agents: ${join("; ", local.unknown_agents)}."
    }

    precondition {
      condition     = alltrue([for agent in keys(local.created_agents) : length(local.agent_runtime_names[agent]) <= 48])
      error_message = "agents: the name of a runtime, <name_prefix>_<environment>_<agent>, has at most 48 characters. Too long: ${join(", ", [for agent in keys(local.created_agents) : agent if length(local.agent_runtime_names[agent]) > 48])}."
    }

    precondition {
      condition     = alltrue([for agent, concurrency in local.dispatch_concurrency : try(local.function_settings["${agent}-dispatch"].reserved_concurrency >= concurrency, true)])
      error_message = "function_settings: reserved_concurrency of a dispatcher is less than its concurrency: its queue would call it in vain."
    }

    precondition {
      condition     = !(var.api_domain_name != null && var.api_certificate_arn == null && var.api_hosted_zone_id == null)
      error_message = "api_domain_name needs a certificate: api_certificate_arn, or api_hosted_zone_id to make one."
    }

    precondition {
      condition     = !(var.api_domain_name == null && (var.api_certificate_arn != null || var.api_hosted_zone_id != null))
      error_message = "api_certificate_arn and api_hosted_zone_id are of use with api_domain_name only."
    }

    precondition {
      condition     = !(local.is_local && var.api_domain_name != null)
      error_message = "An emulator serves the API under its own address: no api_domain_name."
    }

    precondition {
      condition     = !(var.monthly_budget_usd != null && !local.alarms)
      error_message = "monthly_budget_usd needs alarms: the budget notifies their topic."
    }

    precondition {
      condition     = !(length(var.alarm_emails) > 0 && !local.alarms)
      error_message = "alarm_emails needs alarms."
    }

    precondition {
      condition     = !(var.export_spans && local.is_local)
      error_message = "export_spans is for AWS: an emulator has no X-Ray. `cargo xtask up --traces` sends spans to a receiver of one's own."
    }

    precondition {
      condition     = !var.rehearsal || local.is_local
      error_message = "rehearsal is for an emulator: aws_endpoint_url names none."
    }

    precondition {
      condition     = contains(["default", var.environment], terraform.workspace)
      error_message = "This workspace holds another environment: select the one that is named like environment."
    }

    precondition {
      condition     = !local.is_local || length(local.created_agents) == 0
      error_message = "An emulator has no AgentCore: give the arn of each agent (missing: ${join(", ", keys(local.created_agents))})."
    }

    precondition {
      condition     = alltrue([for agent in keys(local.created_agents) : contains(local.agent_images_to_build, agent) || contains(keys(local.given_agent_images), agent)])
      error_message = "A runtime that is made here needs an image: let build_agent_images build it, or name its image in agents, or bring the runtime by its ARN."
    }

    precondition {
      condition     = var.agent_repositories || coalesce(var.build_agent_images, false) == false
      error_message = "build_agent_images needs a repository to push to: agent_repositories = false leaves it none."
    }

    precondition {
      condition     = !(var.environment == "prod" && var.instant_agents)
      error_message = "instant_agents write reports without content: not in prod."
    }

    precondition {
      condition     = alltrue([for agent, settings in var.agents : settings.version == null || contains(keys(local.created_agents), agent)])
      error_message = "agents: version is for runtimes that are made here; one that is brought by its ARN is pinned by the ARN of an endpoint."
    }
  }
}
