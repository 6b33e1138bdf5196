# The agents' roles. Each agent writes below its own name in a workflow's folder and reads what came before it.

locals {
  agents = {
    researcher = {
      readable_keys = ["sources/*"]
      listed_keys   = ["sources/*"]
    }
    analyst = {
      readable_keys = ["workflows/*/researcher/*"]
      listed_keys   = []
    }
    writer = {
      readable_keys = ["workflows/*/researcher/*", "workflows/*/analyst/*"]
      listed_keys   = []
    }
  }
}

resource "aws_iam_role" "agent" {
  for_each = local.agents

  name = "${local.name}-${each.key}-agent"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "AgentCore"
        Effect    = "Allow"
        Principal = { Service = "bedrock-agentcore.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account_id }
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:bedrock-agentcore:${var.aws_region}:${local.account_id}:*" }
        }
      }],
      length(var.agent_role_trusted_arns) == 0 ? [] : [{
        Sid       = "Trusted"
        Effect    = "Allow"
        Principal = { AWS = var.agent_role_trusted_arns }
        Action    = "sts:AssumeRole"
      }],
    )
  })

  depends_on = [terraform_data.rules]
}

resource "aws_iam_role_policy" "agent" {
  for_each = local.agents

  name = "artifacts"
  role = aws_iam_role.agent[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "OwnArtifacts"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${aws_s3_bucket.artifacts.arn}/workflows/*/${each.key}/*"
      },
      {
        Sid      = "Input"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for key in each.value.readable_keys : "${aws_s3_bucket.artifacts.arn}/${key}"]
      },
      {
        Sid      = "List"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.artifacts.arn
        Condition = {
          StringLike = { "s3:prefix" = concat(each.value.listed_keys, ["workflows/*/${each.key}/*"]) }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "agent_spans" {
  # checkov:skip=CKV_AWS_355:X-Ray knows no resources to narrow this to.
  for_each = var.export_spans ? local.agents : {}

  name = "spans"
  role = aws_iam_role.agent[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Spans"
      Effect   = "Allow"
      Action   = "xray:PutTraceSegments"
      Resource = "*"
    }]
  })
}
