# Nothing that moves is without a place for what went wrong: queues, stream, rules, schedule.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

# Told apart, so that a wrong one is noticed.
override_resource {
  target          = aws_sqs_queue.bus_dead_letter
  override_during = plan
  values          = { arn = "arn:aws:sqs:us-east-1:123456789012:bus-dlq", url = "https://queue/bus-dlq" }
}

override_resource {
  target          = aws_sqs_queue.deadlines_dead_letter
  override_during = plan
  values          = { arn = "arn:aws:sqs:us-east-1:123456789012:deadlines-dlq", url = "https://queue/deadlines-dlq" }
}

override_resource {
  target          = module.relay.aws_sqs_queue.dead_letter
  override_during = plan
  values          = { arn = "arn:aws:sqs:us-east-1:123456789012:relay-dlq", url = "https://queue/relay-dlq" }
}

override_resource {
  target          = module.relay.aws_sqs_queue.this
  override_during = plan
  values          = { arn = "arn:aws:sqs:us-east-1:123456789012:relay", url = "https://queue/relay" }
}

override_resource {
  target          = module.approval.aws_sqs_queue.dead_letter
  override_during = plan
  values          = { arn = "arn:aws:sqs:us-east-1:123456789012:approval-dlq", url = "https://queue/approval-dlq" }
}

variables {
  lambda_dist_dir = "./tests/fixtures/packages"
  agents = {
    researcher = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc", reads_sources = true }
    analyst    = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc" }
    writer     = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc" }
  }
}

run "queues" {
  command = plan

  assert {
    condition = toset(keys(output.dlq_urls)) == toset([
      "intake", "researcher-dispatch", "analyst-dispatch", "approval", "writer-dispatch", "callback", "relay", "deadlines", "bus",
    ])
    error_message = "Every dead-letter queue is an output: that is how `aegis dlq` finds it."
  }

  assert {
    condition     = setsubtract(keys(output.dlq_urls), keys(output.queue_urls)) == toset(["deadlines", "bus"])
    error_message = "Every service with a queue has a way back for its dead letters."
  }

  assert {
    condition     = output.dlq_urls["relay"] == "https://queue/relay-dlq" && output.dlq_urls["approval"] == "https://queue/approval-dlq"
    error_message = "An output names the service's own queue."
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.bus_dead_letter, aws_sqs_queue.deadlines_dead_letter] : queue.message_retention_seconds == 1209600 && queue.sqs_managed_sse_enabled])
    error_message = "Dead letters are kept as long as SQS keeps any, and encrypted."
  }
}

run "bus" {
  command = plan

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.external : target.dead_letter_config[0].arn == "arn:aws:sqs:us-east-1:123456789012:bus-dlq"])
    error_message = "What a rule cannot deliver is kept."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.bus_dead_letter.policy).Statement[0] == {
      Sid       = "TakeFromRules"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:us-east-1:123456789012:aegis-dev-bus-dlq"
      Condition = {
        ArnEquals = { "aws:SourceArn" = [
          for rule in ["external-approval", "external-callback", "external-intake", "event-log"] : "arn:aws:events:us-east-1:123456789012:rule/aegis-dev-bus/aegis-dev-${rule}"
        ] }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }
    error_message = "The rules, and nobody else, may send there."
  }

  assert {
    condition     = aws_sqs_queue.bus_dead_letter.name == "aegis-dev-bus-dlq"
    error_message = "The policy names the queue that it belongs to."
  }
}

run "schedule" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_target.deadlines.dead_letter_config[0].arn == "arn:aws:sqs:us-east-1:123456789012:deadlines-dlq"
    error_message = "A tick that does not reach the function is kept."
  }

  assert {
    condition     = aws_cloudwatch_event_target.deadlines.retry_policy[0].maximum_event_age_in_seconds == 60
    error_message = "A tick is not worth more than a minute."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.deadlines.destination_config[0].on_failure[0].destination == "arn:aws:sqs:us-east-1:123456789012:deadlines-dlq"
    error_message = "A sweep that failed is kept."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.deadlines_dead_letter.policy).Statement[0] == {
      Sid       = "TakeFromSchedule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:us-east-1:123456789012:aegis-dev-deadlines-dlq"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = "arn:aws:events:us-east-1:123456789012:rule/${aws_cloudwatch_event_rule.every_minute.name}" }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }
    error_message = "The schedule, and nobody else, may send there."
  }

  assert {
    condition     = aws_sqs_queue.deadlines_dead_letter.name == "aegis-dev-deadlines-dlq"
    error_message = "The policy names the queue that it belongs to."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(module.deadlines.policy).Statement :
      contains(flatten([statement.Action]), "sqs:SendMessage") && contains(flatten([statement.Resource]), "arn:aws:sqs:us-east-1:123456789012:deadlines-dlq")
    ])
    error_message = "Lambda sends a failed sweep in the name of the function's role."
  }
}

run "stream" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.relay.destination_config[0].on_failure[0].destination_arn == "arn:aws:sqs:us-east-1:123456789012:relay-dlq"
    error_message = "What the stream gives up is kept."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(module.relay.policy).Statement :
      contains(flatten([statement.Action]), "sqs:SendMessage") && contains(flatten([statement.Resource]), "arn:aws:sqs:us-east-1:123456789012:relay-dlq")
    ])
    error_message = "Lambda sends what the stream gave up in the name of the function's role."
  }
}
