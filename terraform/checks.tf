# Rules across variables. A single variable's rules are in its validation block.

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = !(var.environment == "prod" && contains(values(local.route_authorization), "none"))
      error_message = "api_authorization = none, or an override of it, leaves routes open to anybody: not in prod."
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
      condition     = !local.is_local || var.environment == "dev"
      error_message = "aws_endpoint_url points at an emulator: only with environment = dev."
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
  }
}
