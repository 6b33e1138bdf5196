# What the role may do: what was asked for, and what follows from it.

locals {
  region = var.defaults.place.region

  actions       = flatten([for statement in var.statements : statement.actions])
  uses_table    = anytrue([for action in local.actions : startswith(action, "dynamodb:")])
  reads_objects = contains(local.actions, "s3:GetObject")
  puts_objects  = contains(local.actions, "s3:PutObject")

  write_own_log = [{
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
    condition = null
  }]

  # X-Ray knows no resources to narrow these to.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
  trace = [for on in [var.defaults.xray_tracing || var.defaults.export_spans] : {
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
    condition = null
  } if on]

  # DynamoDB uses a key of one's own in the name of whoever calls it; only the creator of the table also needs CreateGrant.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
  table_key = [for key in var.defaults.data_kms_key_arn[*] : {
    sid = "UseKeyOfTable"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    resources = [key]
    condition = { StringEquals = { "kms:ViaService" = ["dynamodb.${local.region}.amazonaws.com"] } }
  } if local.uses_table]

  objects_key = [for key in var.defaults.data_kms_key_arn[*] : {
    sid       = "DecryptObjects"
    actions   = ["kms:Decrypt"]
    resources = [key]
    condition = { StringEquals = { "kms:ViaService" = ["s3.${local.region}.amazonaws.com"] } }
  } if local.reads_objects]

  new_objects_key = [for key in var.defaults.data_kms_key_arn[*] : {
    sid       = "EncryptObjects"
    actions   = ["kms:GenerateDataKey"]
    resources = [key]
    condition = { StringEquals = { "kms:ViaService" = ["s3.${local.region}.amazonaws.com"] } }
  } if local.puts_objects]

  statements = concat(var.statements, local.write_own_log, local.trace, local.table_key, local.objects_key, local.new_objects_key)
}
