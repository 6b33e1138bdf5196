# Rules across variables. A single variable's rules are in its validation block.

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = !(var.environment == "prod" && var.api_authorization == "none")
      error_message = "api_authorization = none leaves the API open to anybody: not in prod."
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
      condition     = !var.rehearsal || local.is_local
      error_message = "rehearsal is for an emulator: aws_endpoint_url names none."
    }

    precondition {
      condition     = contains(["default", var.environment], terraform.workspace)
      error_message = "This workspace holds another environment: select the one that is named like environment."
    }

    precondition {
      condition     = !local.is_local || length(local.created_agents) == 0
      error_message = "An emulator has no AgentCore: give each agent's ARN (${join(", ", [for agent in keys(local.created_agents) : "${agent}_agent_arn"])})."
    }

    precondition {
      condition     = alltrue([for agent in keys(local.created_agents) : contains(local.agent_images_to_build, agent) || contains(keys(var.agent_images), agent)])
      error_message = "A runtime that is made here needs an image: let build_agent_images build it, or name it in agent_images, or bring the runtime by its ARN."
    }

    precondition {
      condition     = var.agent_repositories || coalesce(var.build_agent_images, false) == false
      error_message = "build_agent_images needs a repository to push to: agent_repositories = false leaves it none."
    }

    precondition {
      condition     = alltrue([for agent in keys(var.agent_versions) : contains(keys(local.created_agents), agent)])
      error_message = "agent_versions is for runtimes that are made here; one that is brought by its ARN is pinned by the ARN of an endpoint."
    }
  }
}
