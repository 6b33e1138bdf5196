# Logs of events, alarms, dashboard, budget.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  lambda_dist_dir = "./tests/fixtures/packages"
  agents = {
    researcher = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc", reads_sources = true }
    analyst    = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc" }
    writer     = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc" }
  }
}

run "event_log" {
  command = plan

  variables {
    log_level = "INFO"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.log[0].event_pattern) == {
      source      = ["aegis.workflow"]
      detail-type = [{ anything-but = ["StepReported", "WorkflowStarted"] }]
    }
    error_message = "Our events are logged, without what carries a token or the topic."
  }

  assert {
    condition     = aws_cloudwatch_log_group.events[0].name == "/aws/events/aegis-dev" && aws_cloudwatch_log_group.events[0].retention_in_days == 30
    error_message = "EventBridge finds the group by its name."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_log_resource_policy.events[0].policy_document).Statement == [
      {
        Sid       = "MakeStreams"
        Effect    = "Allow"
        Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
        Action    = "logs:CreateLogStream"
        Resource  = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/aegis-dev:*"
      },
      {
        Sid       = "TakeFromRule"
        Effect    = "Allow"
        Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
        Action    = "logs:PutLogEvents"
        Resource  = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/aegis-dev:*"
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:us-east-1:123456789012:rule/aegis-dev-bus/aegis-dev-event-log" } }
      },
    ]
    error_message = "Only our rule writes there."
  }

  assert {
    condition     = aws_cloudwatch_event_target.log[0].dead_letter_config[0].arn == aws_sqs_queue.bus_dead_letter.arn
    error_message = "What cannot be logged is kept."
  }
}

run "event_log_at_debug" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.log[0].event_pattern).detail-type == [{ anything-but = ["StepReported"] }]
    error_message = "At DEBUG the topic is logged, a token never."
  }
}

run "no_event_log" {
  command = plan

  variables {
    event_log = false
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.log) == 0 && length(aws_cloudwatch_log_group.events) == 0 && length(aws_cloudwatch_log_resource_policy.events) == 0 && output.event_log_group_name == null
    error_message = "The log of events can be left out."
  }

  assert {
    condition     = !strcontains(aws_sqs_queue.bus_dead_letter.policy, "event-log")
    error_message = "A rule that is not there may not send."
  }
}

run "alarms" {
  command = plan

  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(concat(
      [for service in keys(output.function_names) : "${service}-errors"],
      [for service in keys(output.function_names) : "${service}-throttles"],
      [for service in keys(output.queue_urls) : "${service}-age"],
      [for service in keys(output.dlq_urls) : "${service}-dead-letters"],
      ["stream-age", "api-errors", "quarantine", "state-age"],
    ))
    error_message = "Every function, queue and dead-letter queue has its alarm."
  }

  assert {
    condition = {
      for key in ["approval-dead-letters", "approval-age", "approval-errors", "approval-throttles", "stream-age", "api-errors", "quarantine", "state-age"] :
      key => join(" ", concat(
        [aws_cloudwatch_metric_alarm.this[key].namespace, aws_cloudwatch_metric_alarm.this[key].metric_name, aws_cloudwatch_metric_alarm.this[key].statistic],
        [for name, value in aws_cloudwatch_metric_alarm.this[key].dimensions : "${name}=${value}"],
        ["> ${aws_cloudwatch_metric_alarm.this[key].threshold}"],
      ))
      } == {
      approval-dead-letters = "AWS/SQS ApproximateNumberOfMessagesVisible Maximum QueueName=aegis-dev-approval-dlq > 0"
      approval-age          = "AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=aegis-dev-approval > 300"
      approval-errors       = "AWS/Lambda Errors Sum FunctionName=aegis-dev-approval > 0"
      approval-throttles    = "AWS/Lambda Throttles Sum FunctionName=aegis-dev-approval > 0"
      stream-age            = "AWS/Lambda IteratorAge Maximum FunctionName=aegis-dev-relay > 60000"
      api-errors            = "AWS/ApiGateway 5xx Sum ApiId=mock > 0"
      quarantine            = "Aegis Quarantined Sum Environment=dev > 0"
      state-age             = "Aegis OverdueSeconds Maximum Environment=dev > 600"
    }
    error_message = "Alarms watch what they say."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this :
      alarm.alarm_actions == toset(["arn:aws:sns:us-east-1:123456789012:mock"]) && alarm.ok_actions == alarm.alarm_actions && alarm.treat_missing_data == "notBreaching"
    ])
    error_message = "Every alarm notifies the topic, when it begins and when it ends."
  }

  assert {
    condition     = alltrue([for key in keys(local.all_alarms) : strcontains(aws_cloudwatch_composite_alarm.healthy[0].alarm_rule, "ALARM(\"aegis-dev-${key}\")")])
    error_message = "The health alarm sums up all others."
  }

  assert {
    condition     = length(aws_cloudwatch_composite_alarm.part) == 0
    error_message = "A hundred alarms need no parts."
  }
}

run "topic" {
  command = plan

  variables {
    alarm_emails = ["ops@example.com", "lead@example.com"]
  }

  assert {
    condition     = aws_sns_topic.alarms[0].kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/mock" && aws_kms_key.alarms[0].enable_key_rotation
    error_message = "The topic is encrypted with a key that rotates."
  }

  assert {
    condition = jsondecode(aws_kms_key.alarms[0].policy).Statement[1] == {
      Sid       = "EncryptAlarms"
      Effect    = "Allow"
      Principal = { Service = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }
    error_message = "Alarms and budgets of this account may use the key."
  }

  assert {
    condition = { for statement in jsondecode(aws_sns_topic.alarms[0].policy).Statement : statement.Sid => statement.Condition } == {
      TakeFromAlarms = {
        ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:aegis-dev-*" }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
      TakeFromBudget  = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      RefusePlaintext = { Bool = { "aws:SecureTransport" = "false" } }
    }
    error_message = "Our alarms and this account's budgets publish, over TLS."
  }

  assert {
    condition     = toset([for subscription in aws_sns_topic_subscription.email : "${subscription.protocol} ${subscription.endpoint}"]) == toset(["email ops@example.com", "email lead@example.com"])
    error_message = "Each address is written to."
  }
}

run "brought_key" {
  command = plan

  variables {
    alarm_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/mine"
  }

  assert {
    condition     = length(aws_kms_key.alarms) == 0 && length(aws_kms_alias.alarms) == 0 && aws_sns_topic.alarms[0].kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/mine"
    error_message = "A key that is brought is used, and none is made."
  }
}

run "no_alarms" {
  command = plan

  variables {
    alarms = false
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) + length(aws_cloudwatch_composite_alarm.healthy) + length(aws_sns_topic.alarms) + length(aws_kms_key.alarms) == 0 && output.alarm_topic_arn == null
    error_message = "Without alarms there is no topic and no key to pay for."
  }
}

run "emulator" {
  command = plan

  variables {
    aws_endpoint_url = "http://127.0.0.1:4566"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "An emulator that tells alarms back wrongly has none, unless they are asked for."
  }
}

run "dashboard" {
  command = plan

  assert {
    condition = [for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.title] == [
      "Workflows started and ended, by outcome",
      "Seconds of a step, by agent: half of them, and 9 of 10",
      "Cost of agents, in US dollars",
      "Oldest overdue workflow, in seconds; quarantined; set aside",
      "Messages in dead-letter queues",
      "Age of the oldest message, in seconds",
      "Failed invocations",
      "Requests, and answers with 4xx and 5xx",
    ]
    error_message = "The dashboard shows workflows, steps, cost and queues."
  }

  assert {
    condition = alltrue([
      for metric in ["WorkflowsStarted", "WorkflowsEnded", "StepSeconds", "StepCostUsd", "Quarantined", "OverdueSeconds", "DeadLetters"] :
      strcontains(aws_cloudwatch_dashboard.this[0].dashboard_body, "MetricName=\\\"${metric}\\\"")
    ])
    error_message = "The dashboard shows every metric of ours."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[4].properties.metrics) == length(output.dlq_urls)
    error_message = "The dashboard shows every dead-letter queue."
  }
}

run "no_dashboard" {
  command = plan

  variables {
    dashboard = false
  }

  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 0 && !contains(keys(output.console_urls), "dashboard")
    error_message = "The dashboard can be left out."
  }
}

run "budget" {
  command = plan

  variables {
    monthly_budget_usd = 25
  }

  assert {
    condition = (
      aws_budgets_budget.monthly[0].limit_amount == "25"
      && one(aws_budgets_budget.monthly[0].cost_filter).values == tolist(["user:stack$aegis-dev"])
      && toset([for notification in aws_budgets_budget.monthly[0].notification : "${notification.notification_type} ${notification.threshold}"]) == toset(["ACTUAL 80", "FORECASTED 100"])
      && alltrue([for notification in aws_budgets_budget.monthly[0].notification : notification.subscriber_sns_topic_arns == toset(["arn:aws:sns:us-east-1:123456789012:mock"])])
    )
    error_message = "The budget counts this stage and notifies the topic."
  }
}

run "no_budget" {
  command = plan

  assert {
    condition     = length(aws_budgets_budget.monthly) == 0
    error_message = "There is no budget unless a sum is named."
  }
}
