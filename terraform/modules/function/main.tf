# A Lambda function with a role of its own and a log group of its own.

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158:A variable names a key of one's own; without it the key of CloudWatch Logs encrypts. No line holds a secret.
  # checkov:skip=CKV_AWS_338:How long lines are kept is a variable; a year of them is not what most stages want to pay for.
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.defaults.log_retention_days
  kms_key_id        = var.defaults.log_kms_key_arn
}

# Only Lambda assumes the role. Lambda's trust takes no aws:SourceAccount: what it documents is the plain principal.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
resource "aws_iam_role" "this" {
  name = var.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "own"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in local.statements : merge(
      {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      },
      statement.condition == null ? {} : { Condition = statement.condition },
    )]
  })
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_115:Reserved concurrency is a variable per function: reserving takes from the rest of the account.
  # checkov:skip=CKV_AWS_116:What fails stays in its queue and goes to that queue's dead-letter queue; only deadlines is invoked asynchronously, and it has a destination.
  # checkov:skip=CKV_AWS_117:Calls nothing but public endpoints of AWS, by its role; a VPC would add NAT or endpoints to pay for and protect nothing.
  # checkov:skip=CKV_AWS_173:The environment holds names, no secrets; Lambda encrypts it with its own key.
  # checkov:skip=CKV_AWS_272:Packages are addressed by their SHA-256 in a bucket that only this configuration writes.
  # checkov:skip=CKV_AWS_50:The variable xray_tracing turns tracing on; it is on by default.
  function_name = var.name
  role          = aws_iam_role.this.arn

  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.defaults.architecture]
  memory_size   = var.defaults.memory_mb
  timeout       = var.timeout_seconds

  # -1: no reservation.
  reserved_concurrent_executions = coalesce(var.defaults.reserved_concurrency, -1)

  s3_bucket        = var.code.bucket
  s3_key           = var.code.key
  source_code_hash = var.code.hash

  environment {
    variables = var.environment
  }

  tracing_config {
    mode = var.defaults.xray_tracing ? "Active" : "PassThrough"
  }

  # Our lines are JSON and are filtered by LOG_LEVEL in our code: TRACE lets all of them through,
  # among them metrics, which have no level.
  logging_config {
    log_group             = aws_cloudwatch_log_group.this.name
    log_format            = "JSON"
    application_log_level = "TRACE"
    system_log_level      = var.defaults.platform_log_level
  }

  # The first invocation must already be allowed to do its work.
  depends_on = [aws_iam_role_policy.this]
}
