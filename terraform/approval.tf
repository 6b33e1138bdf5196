# approval: notifies approvers and records what they decide.

# What approvers decide on: what an approval shows, and what that was made from.
locals {
  shown_keys = distinct(flatten([
    for approval in local.flow_entries : [
      for shown in local.flow_entries : [for step in concat([shown.step], shown.reads) : "workflows/${shown.flow}/*/${step}/*"]
      if shown.file == approval.file && shown.step == approval.shows
    ] if approval.shows != null
  ]))
}

module "approval" {
  source = "./modules/queue-worker"

  name              = "${local.name}-approval"
  code              = local.code["approval"]
  function_defaults = local.function_settings["approval"]
  timeout_seconds   = local.function_settings["approval"].timeout_seconds
  max_receive_count = var.max_receive_count
  batch_size        = var.queue_batch_size
  tls_only          = local.tls_only
  event_rule_arns   = [local.external_rule_arns["approval"]]

  environment = merge(local.engine_environment, local.client_authorization_environment, local.external_environment, {
    ARTIFACT_BUCKET      = aws_s3_bucket.artifacts.bucket
    APPROVER_SOURCES     = join(",", var.approver_sources)
    CALLBACK_API_URL     = local.api_base_url
    TOKEN_KEYS_PARAMETER = local.token_keys_parameter
  })
  extra_environment = var.extra_lambda_environment

  statements = concat([
    local.change_workflows_statement,
    # A link's page says what was found and decided, also on revisions that are over.
    local.read_requests_statement,
    local.send_commands_statement,
    local.tell_missing_artifacts_statement,
    {
      sid       = "TokenKeys"
      actions   = ["ssm:GetParameter"]
      resources = [local.token_keys_parameter_arn]
    },
    local.decrypt_token_keys_statement,
    ], [for keys in [local.shown_keys] : {
      sid       = "ReadWhatIsShown"
      actions   = ["s3:GetObject"]
      resources = [for key in keys : "${aws_s3_bucket.artifacts.arn}/${key}"]
  } if length(keys) > 0])
}
