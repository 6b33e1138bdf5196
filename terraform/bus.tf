# The event bus: our events go out on it, external commands come in.

resource "aws_cloudwatch_event_bus" "this" {
  name = "${local.name}-bus"
}

# A source is only claimed by the sender. Ours is kept for relay. An emulator stores such a policy as
# the permission that it forbids.
locals {
  keep_own_source = [for on in [coalesce(var.own_source_policy, !local.is_local)] : {
    Sid       = "OnlyRelayUsesOurSource"
    Effect    = "Deny"
    Principal = "*"
    Action    = "events:PutEvents"
    Resource  = aws_cloudwatch_event_bus.this.arn
    Condition = {
      StringEquals = { "events:source" = local.event_source }
      ArnNotEquals = { "aws:PrincipalArn" = module.relay.role_arn }
    }
  } if on]

  # Other accounts may send external commands in the name of the sources that are listened to, and nothing else.
  take_from_accounts = length(var.external_accounts) == 0 ? [] : [{
    Sid       = "TakeFromAccounts"
    Effect    = "Allow"
    Principal = { AWS = [for id in var.external_accounts : "arn:${local.partition}:iam::${id}:root"] }
    Action    = "events:PutEvents"
    Resource  = aws_cloudwatch_event_bus.this.arn
    Condition = { StringEquals = {
      "events:source"      = var.external_sources
      "events:detail-type" = flatten(values(local.external_commands))
    } }
  }]

  bus_statements = concat(local.keep_own_source, local.take_from_accounts)
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  count = length(local.bus_statements) == 0 ? 0 : 1

  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.bus_statements
  })
}

moved {
  from = aws_cloudwatch_event_bus_policy.own_source
  to   = aws_cloudwatch_event_bus_policy.this
}

# Starting, cancelling, redriving, deciding and reporting have event twins; a rule takes each to the queue of the service that
# owns it.
locals {
  external_commands = {
    intake   = ["WorkflowRequested", "CancelRequested", "RedriveRequested"]
    approval = ["ApprovalDecided"]
    callback = ["StepReported"]
  }

  external_queue_arns = {
    intake   = module.intake.queue_arn
    approval = module.approval.queue_arn
    callback = module.callback.queue_arn
  }

  external_rule_names = { for service, _ in local.external_commands : service => "${local.name}-external-${service}" }

  # By name, because the queues' policies mention the rules and the rules' targets the queues.
  external_rule_arns = {
    for service, name in local.external_rule_names :
    service => "arn:${local.partition}:events:${var.aws_region}:${local.account_id}:rule/${local.name}-bus/${name}"
  }

  accepted_sources = (
    length(var.external_sources) > 0
    ? jsonencode(var.external_sources)
    : jsonencode([{ "anything-but" = [local.event_source] }])
  )

  accepted_accounts = concat([local.account_id], var.external_accounts)

  # Handlers look again: a rule that was widened by hand must not let others start or decide.
  external_environment = {
    EXTERNAL_SOURCES  = join(",", var.external_sources)
    EXTERNAL_ACCOUNTS = join(",", local.accepted_accounts)
  }
}

resource "aws_cloudwatch_event_rule" "external" {
  for_each = local.external_commands

  name           = local.external_rule_names[each.key]
  description    = "External commands for ${each.key}."
  event_bus_name = aws_cloudwatch_event_bus.this.name

  event_pattern = jsonencode({
    source      = jsondecode(local.accepted_sources)
    account     = local.accepted_accounts
    detail-type = each.value
  })
}

resource "aws_cloudwatch_event_target" "external" {
  for_each = local.external_commands

  event_bus_name = aws_cloudwatch_event_bus.this.name
  rule           = aws_cloudwatch_event_rule.external[each.key].name
  target_id      = each.key
  arn            = local.external_queue_arns[each.key]

  dead_letter_config {
    arn = aws_sqs_queue.bus_dead_letter.arn
  }
}

# Events that could not be delivered to their queue, or to the log.
locals {
  bus_dead_letter_arn = "arn:${local.partition}:sqs:${var.aws_region}:${local.account_id}:${local.name}-bus-dlq"
}

resource "aws_sqs_queue" "bus_dead_letter" {
  name                      = "${local.name}-bus-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TakeFromRules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.bus_dead_letter_arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = concat(values(local.external_rule_arns), var.event_log ? [local.event_log_rule_arn] : []) }
          StringEquals = { "aws:SourceAccount" = local.account_id }
        }
      }],
      [for on in [local.tls_only] : {
        Sid       = "RefusePlaintext"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local.bus_dead_letter_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      } if on],
    )
  })
}
