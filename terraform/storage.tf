# The artifact bucket: workflows/<id>/<role>/<attempt>/<name> is written by agents,
# sources/<anything>/ by users.

locals {
  tls_only_bucket_policy = coalesce(var.tls_only_bucket_policy, !local.is_local)
  artifact_lifecycle     = coalesce(var.artifact_lifecycle, !local.is_local)
}

resource "aws_s3_bucket" "artifacts" {
  # Bucket names are one namespace for all accounts.
  bucket        = "${local.name}-artifacts-${local.account_id}"
  force_destroy = !local.is_protected

  depends_on = [terraform_data.rules]
}

resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
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
  count = local.tls_only_bucket_policy ? 1 : 0

  bucket = aws_s3_bucket.artifacts.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RefusePlaintext"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.artifacts.arn, "${aws_s3_bucket.artifacts.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # Two changes of a bucket's access settings at once make S3 answer with a conflict.
  depends_on = [aws_s3_bucket_public_access_block.artifacts]
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  count = local.artifact_lifecycle ? 1 : 0

  bucket = aws_s3_bucket.artifacts.id

  rule {
    id     = "cheaper-when-older"
    status = "Enabled"

    filter {
      prefix = "workflows/"
    }

    transition {
      days          = var.artifact_transition_days
      storage_class = "STANDARD_IA"
    }
  }

  rule {
    id     = "forget-superseded"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.artifacts]
}
