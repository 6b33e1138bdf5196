# Rules across variables.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  lambda_dist_dir      = "./tests/fixtures/packages"
  researcher_agent_arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc"
  analyst_agent_arn    = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc"
  writer_agent_arn     = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc"
}

run "open_api_in_prod" {
  command = plan

  variables {
    environment       = "prod"
    api_authorization = "none"
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

run "no_backups_in_prod" {
  command = plan

  variables {
    environment            = "prod"
    point_in_time_recovery = false
  }

  expect_failures = [terraform_data.rules]
}

run "open_api_in_dev" {
  command = plan

  variables {
    api_authorization = "none"
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.client : route.authorization_type == "NONE"])
    error_message = "none opens the client routes."
  }
}
