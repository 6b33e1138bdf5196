# How what is stored is kept: keys, versions, backups, age.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  lambda_dist_dir = "./tests/fixtures/packages"
  agents = {
    researcher = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc", reads_sources = true }
    analyst    = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc" }
    writer     = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc" }
  }
}

run "by_default" {
  command = plan

  assert {
    condition = alltrue([
      for configuration in [aws_s3_bucket_server_side_encryption_configuration.artifacts, aws_s3_bucket_server_side_encryption_configuration.code] :
      one(one(configuration.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    ])
    error_message = "Buckets encrypt."
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.artifacts.versioning_configuration).status == "Enabled"
    error_message = "Artifacts have versions."
  }

  assert {
    condition = alltrue([
      for block in [aws_s3_bucket_public_access_block.artifacts, aws_s3_bucket_public_access_block.code] :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "Nothing is public."
  }

  assert {
    condition = alltrue([
      for bucket, policy in aws_s3_bucket_policy.tls_only : jsondecode(policy.policy).Statement == [{
        Sid       = "RefusePlaintext"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${policy.bucket}", "arn:aws:s3:::${policy.bucket}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    ]) && length(aws_s3_bucket_policy.tls_only) == 2
    error_message = "Buckets take TLS only."
  }

  assert {
    condition = (
      aws_dynamodb_table.workflows.billing_mode == "PAY_PER_REQUEST"
      && one(aws_dynamodb_table.workflows.server_side_encryption).enabled
      && one(aws_dynamodb_table.workflows.point_in_time_recovery).enabled
      && one(aws_dynamodb_table.workflows.ttl).attribute_name == "expires_at"
      && one(aws_dynamodb_table.workflows.ttl).enabled
    )
    error_message = "The table is paid by the request, encrypted, backed up, and forgets what has expired."
  }

  assert {
    condition     = toset([for index in aws_dynamodb_table.workflows.global_secondary_index : "${index.name} ${index.hash_key} ${index.range_key}"]) == toset(["by_status status_key created_key", "by_deadline deadline_shard deadline_at"])
    error_message = "Workflows are found by status and time, and by deadline."
  }

  assert {
    condition     = [for index in aws_dynamodb_table.workflows.global_secondary_index : toset(index.non_key_attributes) if index.name == "by_status"] == [toset(["topic_head", "flow", "place"])]
    error_message = "A list of workflows says what each is about, of which flow it is, and where it stands."
  }
}

run "age" {
  command = plan

  assert {
    condition = [
      for transition in one([for rule in aws_s3_bucket_lifecycle_configuration.artifacts[0].rule : rule if rule.id == "cheaper-when-older"]).transition :
      "${transition.days} ${transition.storage_class}"
    ] == ["180 GLACIER_IR", "30 STANDARD_IA"]
    error_message = "Artifacts move to cheaper classes that answer at once."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.artifacts[0].rule :
      one(rule.abort_incomplete_multipart_upload).days_after_initiation == 7 && one(rule.noncurrent_version_expiration).noncurrent_days == 30
      if rule.id == "forget-superseded"
    ])
    error_message = "Superseded versions and unfinished uploads are forgotten."
  }
}

run "never_archived" {
  command = plan

  variables {
    artifact_archive_days = null
  }

  assert {
    condition     = [for transition in aws_s3_bucket_lifecycle_configuration.artifacts[0].rule[0].transition : transition.storage_class] == ["STANDARD_IA"]
    error_message = "null leaves artifacts in STANDARD_IA."
  }
}

run "without_versions" {
  command = plan

  variables {
    artifact_versioning = false
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.artifacts.versioning_configuration).status == "Suspended"
    error_message = "Versions can be turned off."
  }
}

run "own_keys" {
  command = plan

  variables {
    data_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/data"
    log_kms_key_arn  = "arn:aws:kms:us-east-1:123456789012:key/logs"
  }

  assert {
    condition = (
      one(one(aws_s3_bucket_server_side_encryption_configuration.artifacts.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
      && one(one(aws_s3_bucket_server_side_encryption_configuration.artifacts.rule).apply_server_side_encryption_by_default).kms_master_key_id == "arn:aws:kms:us-east-1:123456789012:key/data"
      && one(aws_s3_bucket_server_side_encryption_configuration.artifacts.rule).bucket_key_enabled
    )
    error_message = "The bucket encrypts with the named key."
  }

  assert {
    condition     = one(aws_dynamodb_table.workflows.server_side_encryption).kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/data"
    error_message = "The table encrypts with the named key."
  }

  assert {
    condition     = aws_cloudwatch_log_group.api.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/logs" && aws_cloudwatch_log_group.events[0].kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/logs"
    error_message = "Log groups encrypt with the named key."
  }
}

run "unprotected_prod" {
  command = plan

  variables {
    environment         = "prod"
    deletion_protection = false
  }

  assert {
    condition     = !aws_dynamodb_table.workflows.deletion_protection_enabled && aws_s3_bucket.artifacts.force_destroy
    error_message = "Who wants to remove prod can lift its protection."
  }
}
