# What every service with a queue is built from.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  name              = "aegis-dev-example"
  timeout_seconds   = 20
  environment       = { LOG_LEVEL = "INFO" }
  statements        = []
  max_receive_count = 4
  batch_size        = 10
  code              = { bucket = "code", key = "example.zip", hash = "aGFzaA==" }
  function_defaults = { place = { partition = "aws", region = "us-east-1", account_id = "123456789012" }, architecture = "arm64", memory_mb = 256, log_retention_days = 30, platform_log_level = "WARN" }
}

run "plain" {
  command = plan

  module {
    source = "./modules/queue-worker"
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 120
    error_message = "A message stays hidden for six invocations."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letter.arn, maxReceiveCount = 4 }
    error_message = "What cannot be worked off goes to the queue's own dead-letter queue."
  }

  assert {
    condition     = aws_sqs_queue.dead_letter.message_retention_seconds > aws_sqs_queue.this.message_retention_seconds
    error_message = "A message keeps its age when it moves: the dead-letter queue must keep it longer."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "One bad message does not bring back the others."
  }

  assert {
    condition = alltrue([
      for policy, name in { (aws_sqs_queue.this.policy) = "aegis-dev-example", (aws_sqs_queue.dead_letter.policy) = "aegis-dev-example-dlq" } :
      jsondecode(policy).Statement == [{
        Sid       = "RefusePlaintext"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:aws:sqs:us-east-1:123456789012:${name}"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    ])
    error_message = "Both queues take TLS only."
  }

  assert {
    condition     = length(aws_lambda_event_source_mapping.this.scaling_config) == 0
    error_message = "No limit unless one is asked for."
  }
}

run "fed_by_rules_and_limited" {
  command = plan

  module {
    source = "./modules/queue-worker"
  }

  variables {
    event_rule_arns     = ["arn:aws:events:us-east-1:123456789012:rule/bus/example"]
    maximum_concurrency = 7
  }

  assert {
    condition = jsondecode(aws_sqs_queue.this.policy).Statement[0] == {
      Sid       = "TakeFromRules"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:us-east-1:123456789012:aegis-dev-example"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = ["arn:aws:events:us-east-1:123456789012:rule/bus/example"] }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }
    error_message = "Only the named rules send to the queue."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 7
    error_message = "The mapping keeps to its concurrency."
  }
}
