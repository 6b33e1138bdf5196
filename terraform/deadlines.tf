# deadlines: every minute, finds waits that ran out and commands that nobody picked up.

locals {
  # By name, because the queue's policy mentions the rule and the rule's target the queue.
  schedule_rule_name = "${local.name}-deadlines"
  schedule_rule_arn  = "arn:${local.partition}:events:${var.aws_region}:${local.account_id}:rule/${local.schedule_rule_name}"

  deadlines_dead_letter_arn = "arn:${local.partition}:sqs:${var.aws_region}:${local.account_id}:${local.name}-deadlines-dlq"
}

# Sweeps that failed, ticks that did not reach the function, and workflows whose state deadlines could not read.
resource "aws_sqs_queue" "deadlines_dead_letter" {
  name                      = "${local.name}-deadlines-dlq"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true

  # The function sends by its role's own permission; only the rule needs a word from the queue.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TakeFromSchedule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.deadlines_dead_letter_arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local.schedule_rule_arn }
          StringEquals = { "aws:SourceAccount" = local.account_id }
        }
      }],
      [for on in [local.tls_only] : {
        Sid       = "RefusePlaintext"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = local.deadlines_dead_letter_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      } if on],
    )
  })
}

module "deadlines" {
  source = "./modules/function"

  name            = "${local.name}-deadlines"
  code            = local.code["deadlines"]
  defaults        = local.function_settings["deadlines"]
  timeout_seconds = local.function_settings["deadlines"].timeout_seconds

  environment = merge(
    local.engine_environment,
    {
      ARTIFACT_BUCKET = aws_s3_bucket.artifacts.bucket
      DEAD_LETTER_URL = aws_sqs_queue.deadlines_dead_letter.url
    },
    var.extra_lambda_environment,
  )

  statements = [
    local.change_workflows_statement,
    local.send_commands_statement,
    # The completion record of a silent attempt, which may not exist.
    local.read_artifacts_statement,
    local.tell_missing_artifacts_statement,
    {
      sid       = "FindDue"
      actions   = ["dynamodb:Query"]
      resources = ["${aws_dynamodb_table.workflows.arn}/index/by_deadline"]
    },
    {
      sid       = "SetAside"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.deadlines_dead_letter.arn]
    },
  ]
}

# The next sweep is a minute away: a failed one is not worth repeating.
resource "aws_lambda_function_event_invoke_config" "deadlines" {
  function_name                = module.deadlines.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60

  destination_config {
    on_failure {
      destination = aws_sqs_queue.deadlines_dead_letter.arn
    }
  }
}

resource "aws_cloudwatch_event_rule" "every_minute" {
  name                = local.schedule_rule_name
  description         = "Wakes deadlines."
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "deadlines" {
  rule = aws_cloudwatch_event_rule.every_minute.name
  arn  = module.deadlines.function_arn

  # Older than that, the next tick has done its work.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 2
  }

  dead_letter_config {
    arn = aws_sqs_queue.deadlines_dead_letter.arn
  }

  depends_on = [aws_lambda_permission.every_minute]
}

resource "aws_lambda_permission" "every_minute" {
  function_name = module.deadlines.function_name
  statement_id  = "every-minute"
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.every_minute.arn
}
