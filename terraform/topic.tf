# Where alarms and the budget go. Its key is made unless one is brought: AWS's own key for SNS does not let CloudWatch in.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html

locals {
  topic_name = "${local.name}-alarms"
  topic_arn  = "arn:${local.partition}:sns:${var.aws_region}:${local.account_id}:${local.topic_name}"
  makes_key  = local.alarms && var.alarm_kms_key_arn == null
}

resource "aws_kms_key" "alarms" {
  count = local.makes_key ? 1 : 0

  description             = "Encrypts the alarms of ${local.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Leaves it to IAM who may manage the key; without it nobody could, for ever.
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "EncryptAlarms"
        Effect    = "Allow"
        Principal = { Service = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
    ]
  })
}

resource "aws_kms_alias" "alarms" {
  count = local.makes_key ? 1 : 0

  name          = "alias/${local.topic_name}"
  target_key_id = aws_kms_key.alarms[0].key_id
}

resource "aws_sns_topic" "alarms" {
  count = local.alarms ? 1 : 0

  name              = local.topic_name
  kms_master_key_id = coalesce(var.alarm_kms_key_arn, one(aws_kms_key.alarms[*].arn))

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "TakeFromAlarms"
          Effect    = "Allow"
          Principal = { Service = "cloudwatch.amazonaws.com" }
          Action    = "sns:Publish"
          Resource  = local.topic_arn
          Condition = {
            ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${var.aws_region}:${local.account_id}:alarm:${local.name}-*" }
            StringEquals = { "aws:SourceAccount" = local.account_id }
          }
        },
        {
          Sid       = "TakeFromBudget"
          Effect    = "Allow"
          Principal = { Service = "budgets.amazonaws.com" }
          Action    = "sns:Publish"
          Resource  = local.topic_arn
          Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
        },
      ],
      [for on in [local.tls_only] : {
        Sid       = "RefusePlaintext"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      } if on],
    )
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.alarms ? toset(var.alarm_emails) : []

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_budgets_budget" "monthly" {
  count = var.monthly_budget_usd == null ? 0 : 1

  name         = local.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"

  # Where anybody may spend, it counts the whole account: a tag counts only once somebody has activated it.
  dynamic "cost_filter" {
    for_each = local.is_open ? [] : [local.name]

    content {
      name = "TagKeyValue"
      # A dollar sign stands between key and value.
      values = [format("user:stack$%s", cost_filter.value)]
    }
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = aws_sns_topic.alarms[*].arn
    }
  }

  depends_on = [terraform_data.rules]
}
