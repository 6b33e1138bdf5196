# Rules across variables.

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

run "open_api_in_prod" {
  command = plan

  variables {
    environment       = "prod"
    api_authorization = "none"
  }

  expect_failures = [terraform_data.rules]
}

run "open_group_in_staging" {
  command = plan

  variables {
    environment                 = "staging"
    api_authorization_overrides = { read = "none" }
    monthly_budget_usd          = 10
    alarm_emails                = ["ops@example.com"]
  }

  expect_failures = [terraform_data.rules]
}

run "open_api_without_a_budget" {
  command = plan

  variables {
    api_authorization = "none"
    alarm_emails      = ["ops@example.com"]
  }

  expect_failures = [terraform_data.rules]
}

run "open_group_whose_budget_nobody_hears" {
  command = plan

  variables {
    api_authorization_overrides = { start = "none" }
    monthly_budget_usd          = 10
  }

  expect_failures = [terraform_data.rules]
}

run "emulator_outside_dev" {
  command = plan

  variables {
    environment      = "staging"
    aws_endpoint_url = "http://127.0.0.1:4566"
  }

  expect_failures = [terraform_data.rules]
}

run "foreign_agents_in_prod" {
  command = plan

  variables {
    environment             = "prod"
    agent_role_trusted_arns = ["arn:aws:iam::123456789012:root"]
  }

  expect_failures = [terraform_data.rules]
}

run "heartbeat_beyond_step" {
  command = plan

  variables {
    heartbeat_timeout_seconds = 600
    step_timeout_seconds      = 300
  }

  expect_failures = [terraform_data.rules]
}

run "start_beyond_step" {
  command = plan

  variables {
    start_timeout_seconds     = 600
    heartbeat_timeout_seconds = 100
    step_timeout_seconds      = 300
  }

  expect_failures = [terraform_data.rules]
}

run "any_origin_in_prod" {
  command = plan

  variables {
    environment        = "prod"
    cors_allow_origins = ["*"]
  }

  expect_failures = [terraform_data.rules]
}

run "any_approver_in_prod" {
  command = plan

  variables {
    environment      = "prod"
    approver_sources = ["*"]
  }

  expect_failures = [terraform_data.rules]
}

run "no_backups_in_prod" {
  command = plan

  variables {
    environment            = "prod"
    point_in_time_recovery = false
  }

  expect_failures = [terraform_data.rules]
}

run "no_versions_in_prod" {
  command = plan

  variables {
    environment         = "prod"
    artifact_versioning = false
  }

  expect_failures = [terraform_data.rules]
}

run "archived_too_soon" {
  command = plan

  variables {
    artifact_transition_days = 60
    artifact_archive_days    = 80
  }

  expect_failures = [terraform_data.rules]
}

run "slower_than_the_api" {
  command = plan

  variables {
    function_settings = { intake = { timeout_seconds = 31 } }
  }

  expect_failures = [terraform_data.rules]
}

run "dispatcher_without_room" {
  command = plan

  variables {
    dispatch_concurrency = 5
    function_settings    = { writer-dispatch = { reserved_concurrency = 4 } }
  }

  expect_failures = [terraform_data.rules]
}

run "name_without_certificate" {
  command = plan

  variables {
    api_domain_name = "api.example.com"
  }

  expect_failures = [terraform_data.rules]
}

run "certificate_without_name" {
  command = plan

  variables {
    api_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/mine"
  }

  expect_failures = [terraform_data.rules]
}

run "zone_without_name" {
  command = plan

  variables {
    api_hosted_zone_id = "Z0123456789ABCDEFGHIJ"
  }

  expect_failures = [terraform_data.rules]
}

run "name_on_an_emulator" {
  command = plan

  variables {
    aws_endpoint_url   = "http://127.0.0.1:4566"
    api_domain_name    = "api.example.com"
    api_hosted_zone_id = "Z0123456789ABCDEFGHIJ"
  }

  expect_failures = [terraform_data.rules]
}

run "budget_without_alarms" {
  command = plan

  variables {
    alarms             = false
    monthly_budget_usd = 10
  }

  expect_failures = [terraform_data.rules]
}

run "addresses_without_alarms" {
  command = plan

  variables {
    alarms       = false
    alarm_emails = ["ops@example.com"]
  }

  expect_failures = [terraform_data.rules]
}

run "instant_agents_in_prod" {
  command = plan

  variables {
    environment    = "prod"
    instant_agents = true
  }

  expect_failures = [terraform_data.rules]
}

run "dispatcher_with_room" {
  command = plan

  variables {
    dispatch_concurrency = 5
    function_settings    = { writer-dispatch = { reserved_concurrency = 5 } }
  }

  assert {
    condition     = local.function_settings["writer-dispatch"].reserved_concurrency == 5
    error_message = "As many as its queue calls is enough."
  }
}

run "open_api_in_dev" {
  command = plan

  variables {
    api_authorization  = "none"
    monthly_budget_usd = 10
    alarm_emails       = ["ops@example.com"]
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.client : route.authorization_type == "NONE"])
    error_message = "none opens the client routes."
  }

  assert {
    condition     = length(aws_budgets_budget.monthly[0].cost_filter) == 0
    error_message = "Where anybody may spend, the budget does not wait for a tag that somebody has to activate."
  }
}

run "open_api_on_an_emulator" {
  command = plan

  variables {
    api_authorization = "none"
    aws_endpoint_url  = "http://127.0.0.1:4566"
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.client : route.authorization_type == "NONE"])
    error_message = "An emulator costs nothing."
  }
}

run "settings_of_no_function" {
  command = plan

  variables {
    function_settings = { reviewer-dispatch = { memory_mb = 512 } }
  }

  expect_failures = [terraform_data.rules]
}

run "a_flow_with_an_agent_that_is_missing" {
  command = plan

  variables {
    agents         = { researcher = {}, writer = {} }
    agent_dist_dir = "./tests/fixtures/agents"
  }

  assert {
    condition     = local.unknown_agents == ["report/1.json: steps[1].agent is \"analyst\""]
    error_message = "The fault is told with its place."
  }

  expect_failures = [terraform_data.rules]
}

run "a_runtime_with_too_long_a_name" {
  command = plan

  variables {
    agents         = { researcher = {}, analyst = {}, writer = {}, an-agent-with-a-name-of-26 = { image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/agent:1" } }
    name_prefix    = "a-name-as-long-as-20"
    agent_dist_dir = "./tests/fixtures/agents"
  }

  expect_failures = [terraform_data.rules]
}
