# Every event of ours, in a log group of its own: what happened to a workflow, beside what the services say of it.
#
# StepReported carries a token and never comes from our source; it is named all the same. WorkflowStarted carries the
# topic, which is logged at DEBUG only.

locals {
  event_log_rule_name = "${local.name}-event-log"
  event_log_rule_arn  = "arn:${local.partition}:events:${var.aws_region}:${local.account_id}:rule/${local.name}-bus/${local.event_log_rule_name}"

  unlogged_events = concat(
    ["StepReported"],
    contains(["TRACE", "DEBUG"], local.log_level) ? [] : ["WorkflowStarted"],
  )
}

resource "aws_cloudwatch_event_rule" "log" {
  count = var.event_log ? 1 : 0

  name           = local.event_log_rule_name
  description    = "Our events, for the log."
  event_bus_name = aws_cloudwatch_event_bus.this.name

  event_pattern = jsonencode({
    source      = [local.event_source]
    detail-type = [{ anything-but = local.unlogged_events }]
  })
}

resource "aws_cloudwatch_event_target" "log" {
  count = var.event_log ? 1 : 0

  event_bus_name = aws_cloudwatch_event_bus.this.name
  rule           = aws_cloudwatch_event_rule.log[0].name
  target_id      = "log"
  arn            = aws_cloudwatch_log_group.events[0].arn

  dead_letter_config {
    arn = aws_sqs_queue.bus_dead_letter.arn
  }

  # Without the permission the first events would be lost.
  depends_on = [aws_cloudwatch_log_resource_policy.events]
}

# EventBridge finds log groups below /aws/events only.
resource "aws_cloudwatch_log_group" "events" {
  count = var.event_log ? 1 : 0

  # checkov:skip=CKV_AWS_158:The variable log_kms_key_arn names a key of one's own.
  # checkov:skip=CKV_AWS_338:The variable log_retention_days says how long.
  name              = "/aws/events/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

# An account has ten such policies per region. The condition is where AWS's own example has it: on the lines, not on the
# making of their stream.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
locals {
  event_log_arn = "arn:${local.partition}:logs:${var.aws_region}:${local.account_id}:log-group:/aws/events/${local.name}:*"
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  count = var.event_log ? 1 : 0

  policy_name = "${local.name}-events"

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "MakeStreams"
        Effect    = "Allow"
        Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
        Action    = "logs:CreateLogStream"
        Resource  = local.event_log_arn
      },
      {
        Sid       = "TakeFromRule"
        Effect    = "Allow"
        Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
        Action    = "logs:PutLogEvents"
        Resource  = local.event_log_arn
        Condition = { ArnEquals = { "aws:SourceArn" = local.event_log_rule_arn } }
      },
    ]
  })
}
