# Where spans go.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  lambda_dist_dir = "./tests/fixtures/packages"
  agent_dist_dir  = "./tests/fixtures/agents"
}

run "nowhere_by_default" {
  command = plan

  assert {
    condition     = keys(local.common_environment) == ["ENVIRONMENT", "LOG_LEVEL"] && length(aws_iam_role_policy.agent_spans) == 0
    error_message = "Nobody sends spans anywhere."
  }
}

run "to_x_ray" {
  command = plan

  variables {
    export_spans = true
    xray_tracing = false
  }

  assert {
    condition = alltrue([
      for environment in [local.common_environment, jsondecode(aws_cloudformation_stack.agent["writer"].template_body).Resources.Runtime.Properties.EnvironmentVariables] :
      environment.OTEL_EXPORTER_OTLP_ENDPOINT == "https://xray.us-east-1.amazonaws.com" && environment.SPANS_SIGNED_FOR == "xray"
    ])
    error_message = "Functions and agents send their spans to X-Ray, signed."
  }

  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.agent_spans : jsondecode(policy.policy).Statement[0].Action == "xray:PutTraceSegments"]) && length(aws_iam_role_policy.agent_spans) == 3
    error_message = "Agents may send spans."
  }

  assert {
    condition     = alltrue([for settings in local.function_settings : settings.export_spans])
    error_message = "Functions may send spans, without Lambda's own tracing too."
  }
}

run "not_from_an_emulator" {
  command = plan

  variables {
    export_spans     = true
    aws_endpoint_url = "http://127.0.0.1:4566"
    agents = {
      researcher = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc" }
      analyst    = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc" }
      writer     = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc" }
    }
  }

  expect_failures = [terraform_data.rules]
}
