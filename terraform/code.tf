# The functions' code. It goes through S3, because the provider uploads files to functions one after
# the other and waits for each; and because rolling back is then a change of key.

locals {
  services = [
    "intake",
    "researcher-dispatch",
    "analyst-dispatch",
    "approval",
    "writer-dispatch",
    "callback",
    "relay",
    "deadlines",
  ]

  packages = { for service in local.services : service => "${var.lambda_dist_dir}/${service}.zip" }

  code = {
    for service, object in aws_s3_object.code : service => {
      bucket = object.bucket
      key    = object.key
      hash   = filebase64sha256(local.packages[service])
    }
  }
}

resource "aws_s3_bucket" "code" {
  # Bucket names are one namespace for all accounts.
  bucket        = "${local.name}-code-${local.account_id}"
  force_destroy = true

  depends_on = [terraform_data.rules]
}

resource "aws_s3_bucket_public_access_block" "code" {
  bucket = aws_s3_bucket.code.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# The content is part of the key, so an object never changes.
resource "aws_s3_object" "code" {
  for_each = local.packages

  bucket = aws_s3_bucket.code.id
  key    = "${each.key}/${filesha256(each.value)}.zip"
  source = each.value

  lifecycle {
    create_before_destroy = true
  }
}
