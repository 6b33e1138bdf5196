# artifacts: tells agents without credentials how to read their inputs and put their artifacts.

module "artifacts" {
  source = "./modules/function"

  name            = "${local.name}-artifacts"
  code            = local.code["artifacts"]
  defaults        = local.function_settings["artifacts"]
  timeout_seconds = local.function_settings["artifacts"].timeout_seconds

  environment = merge(
    local.engine_environment,
    {
      ARTIFACT_BUCKET      = aws_s3_bucket.artifacts.bucket
      TOKEN_KEYS_PARAMETER = local.token_keys_parameter
    },
    var.extra_lambda_environment,
  )

  # It changes no workflow.
  statements = [
    {
      sid       = "ReadWorkflows"
      actions   = ["dynamodb:GetItem"]
      resources = [aws_dynamodb_table.workflows.arn]
    },
    # A signed address carries the permissions of the one who signs it.
    {
      sid       = "SignArtifacts"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${aws_s3_bucket.artifacts.arn}/workflows/*"]
    },
    {
      sid       = "ListArtifacts"
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.artifacts.arn]
      condition = { StringLike = { "s3:prefix" = ["workflows/*"] } }
    },
    {
      sid       = "TokenKeys"
      actions   = ["ssm:GetParameter"]
      resources = [local.token_keys_parameter_arn]
    },
    local.decrypt_token_keys_statement,
  ]
}
