# intake: tells how documents are uploaded, opens workflows, answers reads, cancels and redrives.

module "intake" {
  source = "./modules/queue-worker"

  name              = "${local.name}-intake"
  code              = local.code["intake"]
  function_defaults = local.function_settings["intake"]
  timeout_seconds   = local.function_settings["intake"].timeout_seconds
  max_receive_count = var.max_receive_count
  batch_size        = var.queue_batch_size
  tls_only          = local.tls_only
  event_rule_arns   = [local.external_rule_arns["intake"]]

  environment = merge(local.engine_environment, local.client_authorization_environment, local.external_environment, {
    ARTIFACT_BUCKET        = aws_s3_bucket.artifacts.bucket
    CALLBACK_API_URL       = local.api_base_url
    APPROVAL_TIMEOUT_HOURS = tostring(var.approval_timeout_hours)
    RESULT_URL_SECONDS     = tostring(var.result_url_seconds)
  })
  extra_environment = var.extra_lambda_environment

  statements = [
    local.change_workflows_statement,
    local.send_commands_statement,
    {
      sid       = "ReadWorkflows"
      actions   = ["dynamodb:Query"]
      resources = [aws_dynamodb_table.workflows.arn, "${aws_dynamodb_table.workflows.arn}/index/by_status"]
    },
    # A presigned URL carries the permissions of the one who signs it.
    local.read_artifacts_statement,
    # Clients put documents by such URLs, unless they are there.
    {
      sid       = "SignSources"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${aws_s3_bucket.artifacts.arn}/sources/*"]
    },
    local.tell_missing_artifacts_statement,
  ]
}
