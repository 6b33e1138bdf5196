output "api_endpoint" {
  description = "Base URL of the API."
  value       = local.api_base_url
}

output "region" {
  value = var.aws_region
}

output "api_authorization" {
  description = "How client routes are authorised, unless api_route_authorization says something else of their group."
  value       = var.api_authorization
}

output "api_route_authorization" {
  description = "How each group of client routes is authorised: iam, jwt or none."
  value       = local.route_authorization
}

output "workflow_table_name" {
  value = aws_dynamodb_table.workflows.name
}

output "artifact_bucket_name" {
  value = aws_s3_bucket.artifacts.bucket
}

output "event_bus_name" {
  value = aws_cloudwatch_event_bus.this.name
}

output "token_keys_parameter" {
  description = "Name of the SSM parameter with the keys of callback tokens. It is made by the first dispatch."
  value       = local.token_keys_parameter
}

locals {
  workers = merge(
    {
      intake   = module.intake
      approval = module.approval
      callback = module.callback
      relay    = module.relay
    },
    { for agent, dispatcher in module.dispatcher : "${agent}-dispatch" => dispatcher },
  )

  functions = merge(local.workers, { artifacts = module.artifacts, deadlines = module.deadlines })

  dead_letter_queue_names = merge(
    { for service, worker in local.workers : service => worker.dead_letter_queue_name },
    {
      deadlines = aws_sqs_queue.deadlines_dead_letter.name
      bus       = aws_sqs_queue.bus_dead_letter.name
    },
  )
}

output "queue_urls" {
  description = "Queue of each service that has one. A dead letter of the service goes back there."
  value       = { for service, worker in local.workers : service => worker.queue_url }
}

output "dlq_urls" {
  description = "Dead-letter queue of each service and of the bus. relay's is the stream's too, that of deadlines the schedule's."
  value = merge(
    { for service, worker in local.workers : service => worker.dead_letter_queue_url },
    {
      deadlines = aws_sqs_queue.deadlines_dead_letter.url
      bus       = aws_sqs_queue.bus_dead_letter.url
    },
  )
}

output "function_names" {
  value = { for service, function in local.functions : service => function.function_name }
}

output "log_group_names" {
  description = "Log group of each function, and of the API's access log."
  value = merge(
    { for service, function in local.functions : service => function.log_group_name },
    { api = aws_cloudwatch_log_group.api.name },
  )
}

output "agent_role_arns" {
  value = { for agent, role in aws_iam_role.agent : agent => role.arn }
}

output "agent_arns" {
  description = "What dispatchers invoke: the endpoint of each agent's runtime, or what was given."
  value       = local.agent_arns
}

output "agent_runtime_versions" {
  description = "Newest version of each runtime that is made here. version in agents takes one to go back to."
  value       = { for agent, stack in aws_cloudformation_stack.agent : agent => stack.outputs["Version"] }
}

output "ecr_repository_urls" {
  description = "Repository of each agent's images."
  value       = { for agent, repository in aws_ecr_repository.agent : agent => repository.repository_url }
}

output "docker_commands" {
  description = "How to build and push each agent's image by hand; the first line is for all of them."
  value = merge(
    { login = "aws ecr get-login-password --region ${var.aws_region} | docker login --username AWS --password-stdin ${local.account_id}.dkr.ecr.${var.aws_region}.amazonaws.com" },
    {
      for agent, repository in aws_ecr_repository.agent : agent =>
      "cp ${local.agent_binaries[agent]} agent-image/agent && docker buildx build --platform ${local.agent_platform} --provenance=false --tag ${repository.repository_url}:latest --push agent-image"
    },
  )
}
