# One page that says how the platform is. The metrics of the namespace Aegis are written by the services, as log lines
# in the embedded metric format.

locals {
  metrics_namespace = "Aegis"
  metric_dimensions = { Environment = var.environment }

  # Ours, of whichever service writes them: SEARCH finds each combination of dimensions.
  found = {
    for metric, dimensions in {
      WorkflowsStarted = "Environment"
      WorkflowsEnded   = "Environment,Status"
      StepSeconds      = "Environment,Agent"
      StepCostUsd      = "Environment,Agent"
      OverdueSeconds   = "Environment"
      Quarantined      = "Environment"
      DeadLetters      = "Environment"
    } : metric => "{${local.metrics_namespace},${dimensions}} MetricName=\"${metric}\" Environment=\"${var.environment}\""
  }

  chart = {
    workflows = {
      title = "Workflows started and ended, by outcome"
      metrics = [
        [{ expression = "SUM(SEARCH('${local.found["WorkflowsStarted"]}', 'Sum', 300))", label = "started", id = "started" }],
        [{ expression = "SEARCH('${local.found["WorkflowsEnded"]}', 'Sum', 300)", label = "$${PROP('Dim.Status')}", id = "ended" }],
      ]
    }
    steps = {
      title = "Seconds of a step, by agent: half of them, and 9 of 10"
      metrics = [
        [{ expression = "SEARCH('${local.found["StepSeconds"]}', 'p50', 300)", label = "$${PROP('Dim.Agent')} p50", id = "half" }],
        [{ expression = "SEARCH('${local.found["StepSeconds"]}', 'p90', 300)", label = "$${PROP('Dim.Agent')} p90", id = "most" }],
      ]
    }
    cost = {
      title = "Cost of agents, in US dollars"
      metrics = [
        [{ expression = "SUM(SEARCH('${local.found["StepCostUsd"]}', 'Sum', 300))", label = "dollars", id = "cost" }],
      ]
    }
    waiting = {
      title = "Oldest overdue workflow, in seconds; quarantined; set aside"
      metrics = [
        [{ expression = "MAX(SEARCH('${local.found["OverdueSeconds"]}', 'Maximum', 300))", label = "overdue", id = "overdue" }],
        [{ expression = "SUM(SEARCH('${local.found["Quarantined"]}', 'Sum', 300))", label = "quarantined", id = "quarantined", yAxis = "right" }],
        [{ expression = "SUM(SEARCH('${local.found["DeadLetters"]}', 'Sum', 300))", label = "set aside", id = "aside", yAxis = "right" }],
      ]
    }
    dead_letters = {
      title   = "Messages in dead-letter queues"
      metrics = [for service, queue in local.dead_letter_queue_names : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, { label = service, stat = "Maximum" }]]
    }
    queues = {
      title   = "Age of the oldest message, in seconds"
      metrics = [for service, worker in local.workers : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", worker.queue_name, { label = service, stat = "Maximum" }]]
    }
    functions = {
      title   = "Failed invocations"
      metrics = [for service, function in local.functions : ["AWS/Lambda", "Errors", "FunctionName", function.function_name, { label = service, stat = "Sum" }]]
    }
    api = {
      title = "Requests, and answers with 4xx and 5xx"
      metrics = [
        for metric in ["Count", "4xx", "5xx"] : ["AWS/ApiGateway", metric, "ApiId", aws_apigatewayv2_api.this.id, { stat = "Sum" }]
      ]
    }
  }

  chart_order = ["workflows", "steps", "cost", "waiting", "dead_letters", "queues", "functions", "api"]

  charts = [for place, key in local.chart_order : {
    type   = "metric"
    x      = (place % 2) * 12
    y      = floor(place / 2) * 6
    width  = 12
    height = 6
    # Encoded one by one, because their metrics have different shapes.
    properties = jsonencode({
      title   = local.chart[key].title
      region  = var.aws_region
      view    = "timeSeries"
      stacked = false
      period  = 300
      metrics = local.chart[key].metrics
    })
  }]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = local.name
  dashboard_body = jsonencode({
    widgets = [for chart in local.charts : merge(chart, { properties = jsondecode(chart.properties) })]
  })
}
