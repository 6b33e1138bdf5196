# The functions' code. It goes through S3, because the provider uploads files to functions one after
# the other and waits for each; and because rolling back is then a change of key.

locals {
  services = [
    "intake",
    "dispatch",
    "approval",
    "callback",
    "artifacts",
    "relay",
    "deadlines",
  ]

  packaged = concat(local.services, var.instant_agents ? ["instant-agents"] : [])
  packages = { for service in local.packaged : service => "${var.lambda_dist_dir}/${service}.zip" }

  # Whoever destroys a stage need not build it first; a deployment without packages is refused below.
  present = { for service, package in local.packages : service => fileexists(package) }

  code = {
    for service, object in aws_s3_object.code : service => {
      bucket = object.bucket
      key    = object.key
      hash   = local.present[service] ? filebase64sha256(local.packages[service]) : null
    }
  }
}

resource "aws_s3_bucket" "code" {
  # checkov:skip=CKV_AWS_18:Read by Lambda when a function is made, written by whoever applies; CloudTrail has both.
  # checkov:skip=CKV_AWS_21:An object's key is the digest of its content: it has no second version.
  # checkov:skip=CKV_AWS_144:The packages can be built again from the sources.
  # checkov:skip=CKV_AWS_145:The packages hold open source, no data.
  # checkov:skip=CKV2_AWS_61:Terraform removes the packages that no function uses.
  # checkov:skip=CKV2_AWS_62:Nothing listens to the bucket.
  # Bucket names are one namespace for all accounts.
  bucket        = "${local.name}-code-${local.account_id}"
  force_destroy = true

  depends_on = [terraform_data.rules]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "code" {
  bucket = aws_s3_bucket.code.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
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
  key    = "${each.key}/${local.present[each.key] ? filesha256(each.value) : "missing"}.zip"
  source = each.value

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = local.present[each.key] && length(local.flow_entries) > 0
      error_message = "${each.value} is missing, or ${local.flows_dir} holds no flow: run `cargo xtask package${contains(local.services, each.key) ? "" : " --service ${each.key}"}`, or name the packages' folder in lambda_dist_dir."
    }
  }
}
