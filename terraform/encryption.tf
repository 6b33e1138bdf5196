# Keys of one's own. What functions need of them is in modules/function; this is what the agents need.

resource "aws_iam_role_policy" "agent_key" {
  for_each = var.data_kms_key_arn == null ? {} : var.agents

  name = "artifacts-key"
  role = aws_iam_role.agent[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "KeyOfArtifacts"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = var.data_kms_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "s3.${var.aws_region}.amazonaws.com" } }
    }]
  })
}
