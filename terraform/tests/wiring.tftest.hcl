# What is connected to what.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  lambda_dist_dir = "./tests/fixtures/packages"
  agents = {
    researcher = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc", reads_sources = true }
    analyst    = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc" }
    writer     = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc" }
  }
}

run "routes" {
  command = plan

  assert {
    condition = toset(keys(aws_apigatewayv2_route.client)) == toset([
      "POST /workflows",
      "POST /sources",
      "GET /workflows",
      "GET /flows",
      "GET /workflows/{id}",
      "GET /workflows/{id}/history",
      "GET /workflows/{id}/artifacts/{name}",
      "GET /workflows/{id}/review",
      "POST /workflows/{id}/cancel",
      "POST /workflows/{id}/redrive",
      "POST /approve/{id}",
      "POST /workflows/{id}/approval-links",
    ])
    error_message = "The client routes are the API's."
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.client : route.authorization_type == "AWS_IAM"])
    error_message = "Clients sign their requests."
  }

  assert {
    condition = { for key, route in aws_apigatewayv2_route.token : key => route.authorization_type } == {
      "POST /callbacks/{id}"                  = "NONE"
      "GET /callbacks/{id}/artifacts"         = "NONE"
      "POST /callbacks/{id}/artifacts/{name}" = "NONE"
      "GET /callbacks/{id}/artifacts/{name}"  = "NONE"
      "GET /callbacks/{id}/inputs/{n}"        = "NONE"
      "GET /approval-links/{token}"           = "NONE"
      "POST /approval-links/{token}"          = "NONE"
    }
    error_message = "Only agents and approval links pass the gateway with a token of ours."
  }

  assert {
    condition     = toset(keys(aws_apigatewayv2_route.open)) == toset(["GET /openapi.json", "$default"])
    error_message = "Only the description of the API, and what is no route, need no proof at all."
  }

  assert {
    condition     = !strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, "$context.path")
    error_message = "The path of an approval link is a secret and is not logged."
  }

  assert {
    condition     = length(aws_apigatewayv2_api.this.cors_configuration) == 0
    error_message = "No page may call the API unless its origin is named."
  }
}

run "limits_of_routes" {
  command = plan

  assert {
    condition = { for route in aws_apigatewayv2_stage.default.route_settings : route.route_key => "${route.throttling_rate_limit} ${route.throttling_burst_limit}" } == {
      "POST /workflows"                       = "6 200"
      "POST /callbacks/{id}"                  = "100 200"
      "GET /callbacks/{id}/artifacts"         = "100 200"
      "POST /callbacks/{id}/artifacts/{name}" = "100 200"
      "GET /callbacks/{id}/artifacts/{name}"  = "100 200"
      "GET /callbacks/{id}/inputs/{n}"        = "100 200"
      "GET /approval-links/{token}"           = "10 20"
      "POST /approval-links/{token}"          = "10 20"
      "GET /openapi.json"                     = "10 20"
      "$default"                              = "10 20"
    }
    error_message = "Starts, agents and what needs no proof have limits of their own."
  }

  assert {
    condition = length(setsubtract(
      [for route in concat(values(aws_apigatewayv2_route.token), values(aws_apigatewayv2_route.open)) : route.route_key if route.authorization_type == "NONE"],
      [for route in aws_apigatewayv2_stage.default.route_settings : route.route_key],
    )) == 0
    error_message = "No route that the gateway asks no proof for takes from the limit that clients share."
  }
}

run "limits_that_were_moved" {
  command = plan

  variables {
    api_throttle_rate   = 500
    api_throttle_burst  = 1000
    open_throttle_rate  = 3
    open_throttle_burst = 4
  }

  assert {
    condition = {
      for route in aws_apigatewayv2_stage.default.route_settings : route.route_key => "${route.throttling_rate_limit} ${route.throttling_burst_limit}"
      if contains(["POST /callbacks/{id}", "$default"], route.route_key)
      } == {
      "POST /callbacks/{id}" = "500 1000"
      "$default"             = "3 4"
    }
    error_message = "The variables move the limits."
  }
}

run "cors" {
  command = plan

  variables {
    cors_allow_origins = ["https://app.example.com"]
  }

  assert {
    condition     = aws_apigatewayv2_api.this.cors_configuration[0].allow_origins == toset(["https://app.example.com"])
    error_message = "The named origin may call the API."
  }
}

run "any_source_but_ours" {
  command = plan

  assert {
    condition = { for service, rule in aws_cloudwatch_event_rule.external : service => jsondecode(rule.event_pattern) } == {
      intake   = { account = ["123456789012"], source = [{ anything-but = ["aegis.workflow"] }], detail-type = ["WorkflowRequested", "CancelRequested", "RedriveRequested"] }
      approval = { account = ["123456789012"], source = [{ anything-but = ["aegis.workflow"] }], detail-type = ["ApprovalDecided"] }
      callback = { account = ["123456789012"], source = [{ anything-but = ["aegis.workflow"] }], detail-type = ["StepReported"] }
    }
    error_message = "Each external command goes to the service that owns it, from any source but ours, of our own account."
  }
}

run "named_sources" {
  command = plan

  variables {
    external_sources = ["partner.crm"]
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.external : jsondecode(rule.event_pattern).source == ["partner.crm"]])
    error_message = "Only the named sources are heard."
  }
}

run "stream" {
  command = plan

  assert {
    condition = jsondecode(one(one(aws_lambda_event_source_mapping.relay.filter_criteria).filter).pattern) == {
      eventName = ["INSERT"]
      dynamodb  = { Keys = { sk = { S = [{ prefix = "EVT#" }] } } }
    }
    error_message = "relay sees new history items and nothing else."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.relay.starting_position == "TRIM_HORIZON"
    error_message = "relay misses nothing."
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.relay.batch_size == 100
      && aws_lambda_event_source_mapping.relay.parallelization_factor == 1
      && aws_lambda_event_source_mapping.relay.maximum_batching_window_in_seconds == 0
    )
    error_message = "relay is invoked at once, with what has come."
  }
}

run "dev" {
  command = plan

  assert {
    condition     = !aws_dynamodb_table.workflows.deletion_protection_enabled && aws_s3_bucket.artifacts.force_destroy
    error_message = "A development stage can be removed."
  }
}

run "prod" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = aws_dynamodb_table.workflows.deletion_protection_enabled && !aws_s3_bucket.artifacts.force_destroy
    error_message = "prod keeps its data."
  }

  assert {
    condition     = toset(keys(aws_s3_bucket_policy.tls_only)) == toset(["artifacts", "code"]) && length(aws_s3_bucket_lifecycle_configuration.artifacts) == 1
    error_message = "In AWS the bucket takes TLS only and ages its artifacts."
  }

  assert {
    condition     = output.workflow_table_name == "aegis-prod-workflows" && output.artifact_bucket_name == "aegis-prod-artifacts-123456789012"
    error_message = "Names carry prefix and stage."
  }
}

run "emulator" {
  command = plan

  variables {
    aws_endpoint_url = "http://127.0.0.1:4566"
  }

  assert {
    condition     = output.api_endpoint == "http://127.0.0.1:4566/_aws/execute-api/mock/$default"
    error_message = "An emulator serves the API under its own address."
  }

  assert {
    condition     = length(aws_s3_bucket_policy.tls_only) == 0 && length(aws_s3_bucket_lifecycle_configuration.artifacts) == 0 && length(aws_cloudwatch_event_bus_policy.this) == 0
    error_message = "What an emulator cannot do is left out."
  }
}

run "reminders_by_default" {
  command = plan

  assert {
    condition     = local.engine_environment["APPROVAL_REMINDER_HOURS"] == "24" && !contains(keys(local.common_environment), "APPROVAL_REMINDER_HOURS")
    error_message = "Who changes workflows knows that an approval is brought to mind each day; relay changes none."
  }
}

run "no_reminders" {
  command = plan

  variables {
    approval_reminder_hours = 0
  }

  assert {
    condition     = local.engine_environment["APPROVAL_REMINDER_HOURS"] == "0"
    error_message = "0 is told as 0, which means never."
  }
}

run "retries_by_default" {
  command = plan

  assert {
    condition     = local.engine_environment["STEP_RETRIES"] == "{}"
    error_message = "An agent that has no retries of its own is left to the services' defaults."
  }
}

run "retries_of_one_agent" {
  command = plan

  variables {
    agents         = { researcher = {}, analyst = {}, writer = { retries = { attempts = 5, longest_delay_seconds = 300 } } }
    agent_dist_dir = "./tests/fixtures/agents"
  }

  assert {
    condition     = jsondecode(local.engine_environment["STEP_RETRIES"]) == { writer = { attempts = 5, first_delay_seconds = 2, longest_delay_seconds = 300 } }
    error_message = "What is left out has its default."
  }
}

run "agents_queues" {
  command = plan

  assert {
    condition     = local.engine_environment["AGENT_QUEUE_URLS"] == "https://sqs.us-east-1.amazonaws.com/123456789012/aegis-dev-{agent}-dispatch"
    error_message = "The address of an agent's queue follows from its name."
  }

  assert {
    condition     = alltrue([for agent in keys(var.agents) : output.function_names["${agent}-dispatch"] == "aegis-dev-${agent}-dispatch"])
    error_message = "A dispatcher and its queue are called after the agent."
  }

  assert {
    condition     = alltrue([for agent, dispatcher in module.dispatcher : dispatcher.queue_name == replace(basename(local.engine_environment["AGENT_QUEUE_URLS"]), "{agent}", agent)])
    error_message = "Commands go to the queue that the agent's dispatcher reads."
  }

  assert {
    condition     = module.dispatcher["writer"].environment["AGENT"] == "writer" && module.dispatcher["writer"].environment["WRITER_AGENT_ARN"] == var.agents["writer"].arn
    error_message = "A dispatcher is told whose it is."
  }
}

run "concurrency_of_one_agent" {
  command = plan

  variables {
    dispatch_concurrency = 3
    agents               = { researcher = {}, analyst = {}, writer = { concurrency = 7 } }
    agent_dist_dir       = "./tests/fixtures/agents"
  }

  assert {
    condition     = local.dispatch_concurrency == { researcher = 3, analyst = 3, writer = 7 }
    error_message = "One agent differs, the others do not."
  }
}

run "many_workflows" {
  command = plan

  variables {
    relay_batch_size              = 500
    relay_batching_window_seconds = 2
    relay_parallelization         = 10
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.relay.batch_size == 500
      && aws_lambda_event_source_mapping.relay.parallelization_factor == 10
      && aws_lambda_event_source_mapping.relay.maximum_batching_window_in_seconds == 2
    )
    error_message = "The variables of relay reach its mapping."
  }
}
