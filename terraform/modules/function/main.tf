# A Lambda function with a role of its own and a log group of its own.

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.defaults.log_retention_days
}

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

locals {
  statements = concat(var.statements, [{
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
    condition = null
  }])
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
  function_name = var.name
  role          = aws_iam_role.this.arn

  runtime       = "provided.al2023"
  handler       = "bootstrap"
  architectures = [var.defaults.architecture]
  memory_size   = var.defaults.memory_mb
  timeout       = var.timeout_seconds

  s3_bucket        = var.code.bucket
  s3_key           = var.code.key
  source_code_hash = var.code.hash

  environment {
    variables = var.environment
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
