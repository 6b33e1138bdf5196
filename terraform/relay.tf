# relay: publishes what the table's stream says has happened.

# The queue is the way back of a dead letter: a policy of the bus keeps our source for relay, so that
# nobody else can publish what was set aside. It is empty but for a redrive.
module "relay" {
  source = "./modules/queue-worker"

  name              = "${local.name}-relay"
  code              = local.code["relay"]
  function_defaults = local.function_settings["relay"]
  timeout_seconds   = local.function_settings["relay"].timeout_seconds
  max_receive_count = var.max_receive_count
  batch_size        = var.queue_batch_size
  tls_only          = local.tls_only

  environment = merge(local.common_environment, {
    EVENT_BUS_NAME = aws_cloudwatch_event_bus.this.name
    # For what the stream hands out; what the queue does goes to the same place.
    DEAD_LETTER_URL = module.relay.dead_letter_queue_url
  })
  extra_environment = var.extra_lambda_environment

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
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.relay_batch_size
  maximum_batching_window_in_seconds = var.relay_batching_window_seconds

  # The stream keeps the order of one item, and each entry of a history is an item of its own: the events of one workflow
  # come in any order, whatever this is. Subscribers go by their version.
  parallelization_factor = var.relay_parallelization

  # An event may be late but not lost: retried as long as the stream keeps it.
  maximum_retry_attempts         = -1
  maximum_record_age_in_seconds  = -1
  bisect_batch_on_function_error = true

  destination_config {
    on_failure {
      destination_arn = module.relay.dead_letter_queue_arn
    }
  }
}

# relay had no queue once.
moved {
  from = aws_sqs_queue.relay_dead_letter
  to   = module.relay.aws_sqs_queue.dead_letter
}

moved {
  from = module.relay.aws_cloudwatch_log_group.this
  to   = module.relay.module.function.aws_cloudwatch_log_group.this
}

moved {
  from = module.relay.aws_iam_role.this
  to   = module.relay.module.function.aws_iam_role.this
}

moved {
  from = module.relay.aws_iam_role_policy.this
  to   = module.relay.module.function.aws_iam_role_policy.this
}

moved {
  from = module.relay.aws_lambda_function.this
  to   = module.relay.module.function.aws_lambda_function.this
}
