# A queue with its dead-letter queue, and the function that works it off.

resource "aws_sqs_queue" "dead_letter" {
  name                      = "${var.name}-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true

  policy = length(local.tls_only[local.dead_letter_arn]) == 0 ? null : jsonencode({
    Version   = "2012-10-17"
    Statement = local.tls_only[local.dead_letter_arn]
  })
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  visibility_timeout_seconds = 6 * var.timeout_seconds
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter.arn
    maxReceiveCount     = var.max_receive_count
  })

  policy = length(local.queue_statements) == 0 ? null : jsonencode({
    Version   = "2012-10-17"
    Statement = local.queue_statements
  })
}

# Policies are part of the queues, because a policy resource of its own waits half a minute once more. So they name
# the queues before they exist.
locals {
  place           = var.function_defaults.place
  arn_prefix      = "arn:${local.place.partition}:sqs:${local.place.region}:${local.place.account_id}"
  queue_arn       = "${local.arn_prefix}:${var.name}"
  dead_letter_arn = "${local.arn_prefix}:${var.name}-dlq"

  tls_only = {
    for arn in [local.queue_arn, local.dead_letter_arn] : arn => [for on in [var.tls_only] : {
      Sid       = "RefusePlaintext"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    } if on]
  }

  # Functions send by their role's own permission; only rules need a word from the queue.
  from_rules = length(var.event_rule_arns) == 0 ? [] : [{
    Sid       = "TakeFromRules"
    Effect    = "Allow"
    Principal = { Service = "events.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = local.queue_arn
    Condition = {
      ArnEquals    = { "aws:SourceArn" = var.event_rule_arns }
      StringEquals = { "aws:SourceAccount" = local.place.account_id }
    }
  }]

  queue_statements = concat(local.from_rules, local.tls_only[local.queue_arn])
}

module "function" {
  source = "../function"

  name            = var.name
  code            = var.code
  defaults        = var.function_defaults
  timeout_seconds = var.timeout_seconds

  environment = merge(
    var.environment,
    {
      OWN_QUEUE_URL = aws_sqs_queue.this.url
      OWN_DLQ_URL   = aws_sqs_queue.dead_letter.url
    },
    var.extra_environment,
  )

  statements = concat(
    [
      {
        sid = "WorkOffOwnQueue"
        actions = [
          "sqs:ChangeMessageVisibility",
          "sqs:DeleteMessage",
          "sqs:GetQueueAttributes",
          "sqs:ReceiveMessage",
        ]
        resources = [aws_sqs_queue.this.arn]
      },
      {
        # A hopeless message. To the queue that invokes it a worker sends nothing, except where its own statements say so.
        sid       = "SetAside"
        actions   = ["sqs:SendMessage"]
        resources = [aws_sqs_queue.dead_letter.arn]
      },
    ],
    var.statements,
  )
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn = aws_sqs_queue.this.arn
  function_name    = module.function.function_arn
  batch_size       = var.batch_size

  # The function names the messages that failed; the others are deleted.
  function_response_types = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = var.maximum_concurrency[*]

    content {
      maximum_concurrency = scaling_config.value
    }
  }
}
