# relay: publishes what the table's stream says has happened.

# What relay cannot publish, and what the stream held longer than it keeps records.
resource "aws_sqs_queue" "relay_dead_letter" {
  name                      = "${local.name}-relay-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

module "relay" {
  source = "./modules/function"

  name            = "${local.name}-relay"
  code            = local.code["relay"]
  defaults        = local.function_defaults
  timeout_seconds = var.lambda_timeout_seconds

  environment = merge(
    local.common_environment,
    {
      EVENT_BUS_NAME  = aws_cloudwatch_event_bus.this.name
      DEAD_LETTER_URL = aws_sqs_queue.relay_dead_letter.url
    },
    var.extra_lambda_environment,
  )

  statements = [
    {
      sid = "ReadStream"
      actions = [
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
      ]
      resources = ["${aws_dynamodb_table.workflows.arn}/stream/*"]
    },
    {
      sid       = "PublishEvents"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.this.arn]
    },
    {
      sid       = "SetAside"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.relay_dead_letter.arn]
    },
  ]
}

resource "aws_lambda_event_source_mapping" "relay" {
  event_source_arn = aws_dynamodb_table.workflows.stream_arn
  function_name    = module.relay.function_arn

  # History items only, and only when they are written: no touch of a state wakes relay.
  filter_criteria {
    filter {
      pattern = jsonencode({
        eventName = ["INSERT"]
        dynamodb  = { Keys = { sk = { S = [{ prefix = "EVT#" }] } } }
      })
    }
  }

  # From the oldest record, so that a mapping made anew misses nothing.
  starting_position = "TRIM_HORIZON"
  batch_size        = 100

  # An event may be late but not lost: retried as long as the stream keeps it.
  maximum_retry_attempts         = -1
  maximum_record_age_in_seconds  = -1
  bisect_batch_on_function_error = true

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.relay_dead_letter.arn
    }
  }
}
