# callback: takes progress and results from agents and moves the workflow on.

module "callback" {
  source = "./modules/queue-worker"

  name              = "${local.name}-callback"
  code              = local.code["callback"]
  function_defaults = local.function_settings["callback"]
  timeout_seconds   = local.function_settings["callback"].timeout_seconds
  max_receive_count = var.max_receive_count
  batch_size        = var.queue_batch_size
  tls_only          = local.tls_only
  event_rule_arns   = [local.external_rule_arns["callback"]]

  environment = merge(local.engine_environment, local.external_environment, {
    ARTIFACT_BUCKET      = aws_s3_bucket.artifacts.bucket
    TOKEN_KEYS_PARAMETER = local.token_keys_parameter
  })
  extra_environment = var.extra_lambda_environment

  statements = [
    local.change_workflows_statement,
    local.send_commands_statement,
    local.read_artifacts_statement,
    local.tell_missing_artifacts_statement,
    {
      sid       = "TokenKeys"
      actions   = ["ssm:GetParameter"]
      resources = [local.token_keys_parameter_arn]
    },
    local.decrypt_token_keys_statement,
  ]
}
