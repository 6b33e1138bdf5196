# The event bus: our events go out on it, external commands come in.

resource "aws_cloudwatch_event_bus" "this" {
  name = "${local.name}-bus"
}

# A source is only claimed by the sender. Ours is kept for relay. An emulator stores such a policy as
# the permission that it forbids.
locals {
  own_source_statements = coalesce(var.own_source_policy, !local.is_local) ? [{
    Sid       = "OnlyRelayUsesOurSource"
    Effect    = "Deny"
    Principal = "*"
    Action    = "events:PutEvents"
    Resource  = aws_cloudwatch_event_bus.this.arn
    Condition = {
      StringEquals = { "events:source" = local.event_source }
      ArnNotEquals = { "aws:PrincipalArn" = module.relay.role_arn }
    }
  }] : []

  # Each statement of another shape: a list of one type could not hold both.
  external_account_statements = length(var.external_accounts) > 0 ? [{
    Sid       = "OthersPutTheirEvents"
    Effect    = "Allow"
    Principal = { AWS = [for account in var.external_accounts : "arn:${local.partition}:iam::${account}:root"] }
    Action    = "events:PutEvents"
    Resource  = aws_cloudwatch_event_bus.this.arn
    Condition = {
      StringEquals = { "events:source" = var.external_sources }
    }
  }] : []

  bus_statements = concat(
    [for statement in local.own_source_statements : jsonencode(statement)],
    [for statement in local.external_account_statements : jsonencode(statement)],
  )
}

resource "aws_cloudwatch_event_bus_policy" "own_source" {
  count = length(local.bus_statements) > 0 ? 1 : 0

  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in local.bus_statements : jsondecode(statement)]
  })
}

# Every HTTP command has an event twin; a rule takes it to the queue of the service that owns it.
locals {
  external_commands = {
    intake   = ["WorkflowRequested", "CancelRequested"]
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

# Events that could not be delivered to their queue.
resource "aws_sqs_queue" "bus_dead_letter" {
  name                      = "${local.name}-bus-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TakeFromRules"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:${local.partition}:sqs:${var.aws_region}:${local.account_id}:${local.name}-bus-dlq"
      Condition = { ArnEquals = { "aws:SourceArn" = values(local.external_rule_arns) } }
    }]
  })
}
