# What a person should hear of. Every alarm notifies the topic; `healthy` sums them up and notifies nobody, because its
# members did.

locals {
  alarms = coalesce(var.alarms, !local.is_local)

  # Errors and throttles of all functions, and what is special to one.
  function_alarms = merge([
    for service, function in local.functions : {
      "${service}-errors" = {
        description = "Invocations of ${service} fail. Its log says why."
        namespace   = "AWS/Lambda"
        metric      = "Errors"
        dimensions  = { FunctionName = function.function_name }
        statistic   = "Sum"
        above       = 0
      }
      "${service}-throttles" = {
        description = "Invocations of ${service} are refused for want of concurrency."
        namespace   = "AWS/Lambda"
        metric      = "Throttles"
        dimensions  = { FunctionName = function.function_name }
        statistic   = "Sum"
        above       = 0
      }
    }
  ]...)

  queue_alarms = merge([
    for service, worker in local.workers : {
      "${service}-age" = {
        description = "Messages wait in the queue of ${service}."
        namespace   = "AWS/SQS"
        metric      = "ApproximateAgeOfOldestMessage"
        dimensions  = { QueueName = worker.queue_name }
        statistic   = "Maximum"
        above       = var.alarm_queue_age_seconds
      }
    }
  ]...)

  dead_letter_alarms = {
    for service, queue in local.dead_letter_queue_names : "${service}-dead-letters" => {
      description = "Something was set aside for ${service}: `aegis dlq list` shows it."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = queue }
      statistic   = "Maximum"
      above       = 0
    }
  }

  single_alarms = {
    stream-age = {
      description = "relay does not keep up with the stream: events go out late."
      namespace   = "AWS/Lambda"
      metric      = "IteratorAge"
      dimensions  = { FunctionName = module.relay.function_name }
      statistic   = "Maximum"
      above       = var.alarm_stream_age_seconds * 1000
    }
    api-errors = {
      description = "The API answers with 5xx."
      namespace   = "AWS/ApiGateway"
      metric      = "5xx"
      dimensions  = { ApiId = aws_apigatewayv2_api.this.id }
      statistic   = "Sum"
      above       = 0
    }
    quarantine = {
      description = "The state of a workflow cannot be read: docs/quarantine.md says what to do."
      namespace   = local.metrics_namespace
      metric      = "Quarantined"
      dimensions  = local.metric_dimensions
      statistic   = "Sum"
      above       = 0
    }
    state-age = {
      description = "A workflow is long past its deadline and nobody has moved it on."
      namespace   = local.metrics_namespace
      metric      = "OverdueSeconds"
      dimensions  = local.metric_dimensions
      statistic   = "Maximum"
      above       = var.alarm_state_age_seconds
    }
  }

  all_alarms = merge(local.function_alarms, local.queue_alarms, local.dead_letter_alarms, local.single_alarms)
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms ? local.all_alarms : {}

  alarm_name        = "${local.name}-${each.key}"
  alarm_description = each.value.description

  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 1

  # No message, no call: no data, and all is well.
  treat_missing_data = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms[0].arn]
  ok_actions    = [aws_sns_topic.alarms[0].arn]
}

# A composite alarm takes a hundred members. Where there are more, it has parts.
locals {
  health_rules = [
    for keys in chunklist(sort(keys(local.all_alarms)), 100) : join(" OR ", [for key in keys : "ALARM(\"${local.name}-${key}\")"])
  ]
}

resource "aws_cloudwatch_composite_alarm" "part" {
  for_each = local.alarms && length(local.health_rules) > 1 ? { for place, rule in local.health_rules : place + 1 => rule } : {}

  alarm_name        = "${local.name}-health-${each.key}"
  alarm_description = "A part of ${local.name}-health."
  alarm_rule        = each.value

  depends_on = [aws_cloudwatch_metric_alarm.this]
}

resource "aws_cloudwatch_composite_alarm" "healthy" {
  count = local.alarms ? 1 : 0

  alarm_name        = "${local.name}-health"
  alarm_description = "Rings while any alarm of ${local.name} does."
  alarm_rule = (
    length(local.health_rules) == 1
    ? local.health_rules[0]
    : join(" OR ", [for part in aws_cloudwatch_composite_alarm.part : "ALARM(\"${part.alarm_name}\")"])
  )

  depends_on = [aws_cloudwatch_metric_alarm.this]
}
