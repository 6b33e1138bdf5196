# What a person wants to know after a deployment: where to look, and what to type.

locals {
  console_host = lookup(
    { aws-cn = "console.amazonaws.cn", aws-us-gov = "console.amazonaws-us-gov.com" },
    local.partition,
    "console.aws.amazon.com",
  )
  console = "https://${var.aws_region}.${local.console_host}"

  # How the console writes a log group's name in an address.
  log_group_links = {
    for service, name in local.all_log_groups :
    service => "${local.console}/cloudwatch/home?region=${var.aws_region}#logsV2:log-groups/log-group/${replace(name, "/", "$252F")}"
  }

  all_log_groups = merge(
    { for service, function in local.functions : service => function.log_group_name },
    { api = aws_cloudwatch_log_group.api.name },
    var.event_log ? { events = aws_cloudwatch_log_group.events[0].name } : {},
  )

  # What a client adds to a request, by how it is authorised.
  credentials_of_curl = {
    none = ""
    iam  = "--aws-sigv4 aws:amz:${var.aws_region}:execute-api --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" -H \"x-amz-security-token: $AWS_SESSION_TOKEN\" "
    jwt  = "-H \"Authorization: Bearer $TOKEN\" "
  }
  curl = "curl ${local.credentials_of_curl[var.api_authorization]}"
}

output "controller_log_group_name" {
  description = "Log group of intake, which opens workflows and answers clients."
  value       = module.intake.log_group_name
}

output "callback_log_group_name" {
  description = "Log group of callback, which takes the agents' reports."
  value       = module.callback.log_group_name
}

output "event_log_group_name" {
  description = "Log group of our events; null: they are not logged."
  value       = one(aws_cloudwatch_log_group.events[*].name)
}

output "alarm_topic_arn" {
  description = "Topic that the alarms notify; null: there are none."
  value       = one(aws_sns_topic.alarms[*].arn)
}

output "api_domain_target" {
  description = "Where a record for api_domain_name has to point, if its zone is kept elsewhere; null: there is no such name."
  value       = one([for domain in aws_apigatewayv2_domain_name.api : domain.domain_name_configuration[0].target_domain_name])
}

output "console_urls" {
  description = "Pages of the AWS console."
  value = merge(
    {
      table       = "${local.console}/dynamodbv2/home?region=${var.aws_region}#table?name=${aws_dynamodb_table.workflows.name}"
      artifacts   = "${local.console}/s3/buckets/${aws_s3_bucket.artifacts.bucket}?region=${var.aws_region}"
      api         = "${local.console}/apigateway/main/apis/${aws_apigatewayv2_api.this.id}/routes?api=${aws_apigatewayv2_api.this.id}&region=${var.aws_region}"
      bus         = "${local.console}/events/home?region=${var.aws_region}#/eventbus/${aws_cloudwatch_event_bus.this.name}"
      queues      = "${local.console}/sqs/v3/home?region=${var.aws_region}#/queues"
      functions   = "${local.console}/lambda/home?region=${var.aws_region}#/functions?fo=and&o0=%3A&v0=${local.name}"
      traces      = "${local.console}/cloudwatch/home?region=${var.aws_region}#xray:traces/query"
      agents      = "${local.console}/bedrock-agentcore/agents?region=${var.aws_region}"
      alarms      = "${local.console}/cloudwatch/home?region=${var.aws_region}#alarmsV2:?search=${local.name}"
      metrics     = "${local.console}/cloudwatch/home?region=${var.aws_region}#metricsV2?graph=~()&namespace=~'${local.metrics_namespace}"
      cost        = "https://us-east-1.${local.console_host}/costmanagement/home#/cost-explorer"
      permissions = "https://us-east-1.${local.console_host}/iam/home#/roles"
    },
    var.dashboard ? { dashboard = "${local.console}/cloudwatch/home?region=${var.aws_region}#dashboards/dashboard/${local.name}" } : {},
  )
}

output "log_group_urls" {
  description = "Each log group in the AWS console."
  value       = local.log_group_links
}

output "quick_start" {
  description = "Commands to try the deployment with, from this folder."
  value       = <<-EOT
    API_ENDPOINT=$(terraform output -raw api_endpoint)

    # Start a workflow.
    ${local.curl}-X POST "$API_ENDPOINT/workflows" -H 'Content-Type: application/json' -H "Idempotency-Key: $(date +%s)" \
      -d '{"topic": "Impact of quantum computing on cryptography", "parameters": {"depth": "comprehensive"}}'

    # See what became of it, and approve it when it waits for that. Put the answer's workflow_id here.
    WORKFLOW_ID=
    ${local.curl}"$API_ENDPOINT/workflows/$WORKFLOW_ID"
    ${local.curl}-X POST "$API_ENDPOINT/approve/$WORKFLOW_ID" -H 'Content-Type: application/json' -d '{"decision": "approve"}'

    # What the services say.
    aws logs tail "$(terraform output -raw controller_log_group_name)" --follow
    aws logs tail "$(terraform output -raw callback_log_group_name)" --follow
  EOT
}

output "deployment_summary" {
  description = "What was deployed, in short."
  value = {
    name          = local.name
    environment   = var.environment
    region        = var.aws_region
    account       = local.account_id
    api           = local.api_base_url
    authorization = var.api_authorization
    architecture  = var.lambda_architecture
    functions     = length(local.functions)
    log_level     = local.log_level
    log_days      = var.log_retention_days
    tracing       = var.xray_tracing
    alarms        = local.alarms ? length(local.all_alarms) + 1 : 0
    dashboard     = var.dashboard
    backups       = var.point_in_time_recovery
    protected     = local.is_protected
  }
}

output "environment_names" {
  description = "Names of the environment variables of each function."
  value       = { for service, function in local.functions : service => keys(function.environment) }
}
