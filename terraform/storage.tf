# The artifact bucket: workflows/<flow>/<workflow>/<step>/<attempt>/<file> is written by agents, sources/<caller>/<set>/<file> by clients.

locals {
  artifact_lifecycle = coalesce(var.artifact_lifecycle, !local.is_local)

  # Two changes of a bucket's settings at once make S3 answer with a conflict, so each waits for the one before.
  buckets = {
    artifacts = aws_s3_bucket_public_access_block.artifacts.bucket
    code      = aws_s3_bucket_public_access_block.code.bucket
  }
}

resource "aws_s3_bucket" "artifacts" {
  # checkov:skip=CKV_AWS_18:Who read what is in CloudTrail where it is wanted; an access log needs another bucket, and its lines would hold presigned URLs.
  # checkov:skip=CKV_AWS_21:The variable artifact_versioning turns versions on; it is on by default and cannot be turned off in prod.
  # checkov:skip=CKV_AWS_144:A copy in another region is not worth its price here: a report can be written anew from its workflow.
  # checkov:skip=CKV_AWS_145:The variable data_kms_key_arn names a key of one's own; without it S3's own key encrypts (AES256).
  # checkov:skip=CKV2_AWS_62:Nothing listens to the bucket: agents report what they wrote.
  # Bucket names are one namespace for all accounts.
  bucket        = "${local.name}-artifacts-${local.account_id}"
  force_destroy = !local.is_protected

  depends_on = [terraform_data.rules]
}

resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  versioning_configuration {
    status = var.artifact_versioning ? "Enabled" : "Suspended"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.data_kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.data_kms_key_arn
    }

    # One call of KMS for many objects.
    bucket_key_enabled = var.data_kms_key_arn != null
  }
}

resource "aws_s3_bucket_public_access_block" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "tls_only" {
  for_each = local.tls_only ? local.buckets : {}

  bucket = each.value
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RefusePlaintext"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:${local.partition}:s3:::${each.value}", "arn:${local.partition}:s3:::${each.value}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

moved {
  from = aws_s3_bucket_policy.tls_only[0]
  to   = aws_s3_bucket_policy.tls_only["artifacts"]
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  count = local.artifact_lifecycle ? 1 : 0

  bucket = aws_s3_bucket.artifacts.id

  # S3 leaves objects under 128 KB where they are: to move them would cost more than it saves.
  rule {
    id     = "cheaper-when-older"
    status = "Enabled"

    filter {
      prefix = "workflows/"
    }

    dynamic "transition" {
      for_each = local.artifact_classes

      content {
        days          = transition.value
        storage_class = transition.key
      }
    }
  }

  rule {
    id     = "forget-superseded"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.artifact_superseded_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.artifacts]
}
