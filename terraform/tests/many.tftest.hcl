# What grows with the number of agents stays within the limits of AWS: thirty agents with long names, each in four flows.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"

  # As long as they can be.
  mock_resource "aws_s3_bucket" {
    defaults = {
      arn = "arn:aws:s3:::a-name-as-long-as-20-prod-artifacts-123456789012"
    }
  }

  mock_resource "aws_dynamodb_table" {
    defaults = {
      arn        = "arn:aws:dynamodb:ap-southeast-1:123456789012:table/a-name-as-long-as-20-prod-workflows"
      stream_arn = "arn:aws:dynamodb:ap-southeast-1:123456789012:table/a-name-as-long-as-20-prod-workflows/stream/2026-01-01T00:00:00.000"
    }
  }

  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:ap-southeast-1:123456789012:a-name-as-long-as-20-prod-agent-of-twenty-ch01-dispatch-dlq"
      url = "https://sqs.ap-southeast-1.amazonaws.com/123456789012/a-name-as-long-as-20-prod-agent-of-twenty-ch01-dispatch-dlq"
    }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:ap-southeast-1:123456789012:log-group:/aws/lambda/a-name-as-long-as-20-prod-agent-of-twenty-ch01-dispatch"
    }
  }
}

variables {
  lambda_dist_dir  = "./tests/fixtures/many"
  name_prefix      = "a-name-as-long-as-20"
  environment      = "prod"
  aws_region       = "ap-southeast-1"
  data_kms_key_arn = "arn:aws:kms:ap-southeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  export_spans     = true
  agents = {
    for number in range(1, 31) : format("agent-of-twenty-ch%02d", number) => {
      image         = "123456789012.dkr.ecr.ap-southeast-1.amazonaws.com/agents/an-image-with-a-long-name:1"
      reads_sources = true
    }
  }
}

run "sizes" {
  command = plan

  assert {
    condition     = length(module.dispatcher) == 30 && alltrue([for keys in values(local.written_keys) : length(keys) == 4])
    error_message = "There are thirty agents, each in four flows."
  }

  assert {
    condition     = max([for function in local.functions : length(jsonencode(function.environment))]...) <= 4096
    error_message = "A function's environment holds 4 KB."
  }

  assert {
    condition     = max([for function in local.functions : length(function.policy)]...) <= 10240
    error_message = "The policies of a function's role hold 10,240 characters."
  }

  assert {
    condition = max([
      for agent in keys(var.agents) : sum([
        for policy in [aws_iam_role_policy.agent, aws_iam_role_policy.agent_runtime, aws_iam_role_policy.agent_spans, aws_iam_role_policy.agent_key] : length(policy[agent].policy)
      ])
    ]...) <= 10240
    error_message = "The policies of an agent's role hold 10,240 characters."
  }

  assert {
    condition = (
      alltrue([for rule in local.health_rules : length(rule) <= 10240 && length(split(" OR ", rule)) <= 100])
      && toset(split(" OR ", join(" OR ", local.health_rules))) == toset([for key in keys(local.all_alarms) : "ALARM(\"a-name-as-long-as-20-prod-${key}\")"])
      && aws_cloudwatch_composite_alarm.healthy[0].alarm_rule == "ALARM(\"a-name-as-long-as-20-prod-health-1\") OR ALARM(\"a-name-as-long-as-20-prod-health-2\")"
    )
    error_message = "The health alarm sums up all others, a hundred at a time."
  }

  assert {
    condition     = max([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : length(widget.properties.metrics)]...) <= 500
    error_message = "A chart shows 500 metrics."
  }
}
