# One table: a workflow's state, its request and its history, which is also the outbox.

resource "aws_dynamodb_table" "workflows" {
  # checkov:skip=CKV_AWS_119:The variable data_kms_key_arn names a key of one's own; without it AWS's key for DynamoDB encrypts.
  # checkov:skip=CKV_AWS_28:The variable point_in_time_recovery turns backups on; it is on by default and cannot be turned off in prod.
  name         = "${local.name}-workflows"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  deletion_protection_enabled = local.is_protected

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "status_key"
    type = "S"
  }

  attribute {
    name = "created_key"
    type = "S"
  }

  attribute {
    name = "deadline_shard"
    type = "S"
  }

  attribute {
    name = "deadline_at"
    type = "N"
  }

  # Projects only what a touch does not change, so that touching a workflow does not write the index.
  global_secondary_index {
    name               = "by_status"
    hash_key           = "status_key"
    range_key          = "created_key"
    projection_type    = "INCLUDE"
    non_key_attributes = ["topic_head", "flow", "place"]
  }

  # Sparse: only live workflows have a deadline.
  global_secondary_index {
    name            = "by_deadline"
    hash_key        = "deadline_shard"
    range_key       = "deadline_at"
    projection_type = "KEYS_ONLY"
  }

  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.data_kms_key_arn
  }

  depends_on = [terraform_data.rules]
}
