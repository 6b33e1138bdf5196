output "queue_url" {
  value = aws_sqs_queue.this.url
}

output "queue_arn" {
  value = aws_sqs_queue.this.arn
}

output "dead_letter_queue_url" {
  value = aws_sqs_queue.dead_letter.url
}

output "dead_letter_queue_arn" {
  value = aws_sqs_queue.dead_letter.arn
}

output "function_name" {
  value = module.function.function_name
}

output "function_arn" {
  value = module.function.function_arn
}

output "invoke_arn" {
  value = module.function.invoke_arn
}

output "role_arn" {
  value = module.function.role_arn
}

output "policy" {
  description = "The role's policy, as JSON."
  value       = module.function.policy
}

output "log_group_name" {
  value = module.function.log_group_name
}

output "queue_name" {
  value = aws_sqs_queue.this.name
}

output "dead_letter_queue_name" {
  value = aws_sqs_queue.dead_letter.name
}

output "environment" {
  description = "The function's environment variables."
  value       = module.function.environment
}
