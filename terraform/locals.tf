locals {
  name     = "${var.name_prefix}-${var.environment}"
  is_local = var.aws_endpoint_url != ""
  is_prod  = var.environment == "prod"

  is_protected = coalesce(var.deletion_protection, local.is_prod)

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  # On every resource, by the provider. `stack` alone tells one stage from all others: the budget counts by it.
  tags = merge(var.tags, {
    application = var.name_prefix
    environment = var.environment
    stack       = local.name
    managed_by  = "terraform"
  })

  # The source of our own events. Only relay may use it.
  event_source = "aegis.workflow"

  log_level = coalesce(var.log_level, var.environment == "dev" ? "DEBUG" : "INFO")

  # The stage is $default, so in AWS the endpoint needs no path.
  api_base_url = (
    local.is_local
    ? "${var.aws_endpoint_url}/_aws/execute-api/${aws_apigatewayv2_api.this.id}/$default"
    : local.has_domain ? "https://${var.api_domain_name}" : aws_apigatewayv2_api.this.api_endpoint
  )

  # An emulator speaks http.
  tls_only = coalesce(var.tls_only_policies, !local.is_local)

  # What every function has in common.
  function_defaults = {
    place              = { partition = local.partition, region = var.aws_region, account_id = local.account_id }
    architecture       = var.lambda_architecture
    log_retention_days = var.log_retention_days
    log_kms_key_arn    = var.log_kms_key_arn
    data_kms_key_arn   = var.data_kms_key_arn
    platform_log_level = var.platform_log_level
    xray_tracing       = var.xray_tracing
    export_spans       = var.export_spans
  }

  # Some have settings of their own.
  function_settings = {
    for service in concat(
      [for service in local.packaged : service if service != "dispatch"],
      [for agent in keys(var.agents) : "${agent}-dispatch"],
      ) : service => merge(local.function_defaults, {
        memory_mb            = coalesce(try(var.function_settings[service].memory_mb, null), var.lambda_memory_mb)
        reserved_concurrency = try(var.function_settings[service].reserved_concurrency, null)
        timeout_seconds = coalesce(
          try(var.function_settings[service].timeout_seconds, null),
          service == "deadlines" ? var.deadlines_timeout_seconds : var.lambda_timeout_seconds,
        )
    })
  }
}

# Where artifacts move when they are older, by the day. All of these answer at once, so that links keep working.
locals {
  artifact_classes = merge(
    { STANDARD_IA = var.artifact_transition_days },
    var.artifact_archive_days == null ? {} : { GLACIER_IR = var.artifact_archive_days },
  )
}

# Environment variables by who reads them.
locals {
  common_environment = merge(
    {
      ENVIRONMENT = var.environment
      LOG_LEVEL   = local.log_level
    },
    local.span_environment,
  )

  # Of functions and agents. X-Ray takes OTLP itself, signed: docs/metrics.md.
  span_environment = {
    for name, value in {
      OTEL_EXPORTER_OTLP_ENDPOINT = "https://xray.${var.aws_region}.amazonaws.com"
      SPANS_SIGNED_FOR            = "xray"
    } : name => value if var.export_spans
  }

  # The queues that carry commands. Every service but relay may owe a command to any of them. An agent's follows from its name,
  # because a function's environment holds 4 KB however many agents there are.
  command_queue_environment = {
    AGENT_QUEUE_URLS   = "${trimsuffix(module.approval.queue_url, basename(module.approval.queue_url))}${local.name}-{agent}-dispatch"
    APPROVAL_QUEUE_URL = module.approval.queue_url
  }

  lifecycle_environment = {
    WORKFLOW_TABLE            = aws_dynamodb_table.workflows.name
    PICKUP_TIMEOUT_SECONDS    = tostring(var.pickup_timeout_seconds)
    CAPACITY_TIMEOUT_HOURS    = tostring(var.capacity_timeout_hours)
    START_TIMEOUT_SECONDS     = tostring(var.start_timeout_seconds)
    HEARTBEAT_TIMEOUT_SECONDS = tostring(var.heartbeat_timeout_seconds)
    STEP_TIMEOUT_SECONDS      = tostring(var.step_timeout_seconds)
    STEP_RETRIES              = jsonencode({ for agent, settings in var.agents : agent => settings.retries if settings.retries != null })
    MAX_SENDS                 = tostring(var.max_sends)
    APPROVAL_REMINDER_HOURS   = tostring(var.approval_reminder_hours)
    RETENTION_DAYS            = tostring(var.retention_days)
    STATUS_SHARDS             = tostring(var.status_shards)
    DEADLINE_SHARDS           = tostring(var.deadline_shards)
  }

  # For every service that changes workflows.
  engine_environment = merge(
    local.common_environment,
    local.command_queue_environment,
    local.lifecycle_environment,
  )
}

# Statements that several services share.
locals {
  # A transaction is authorised as the writes and checks that it is made of.
  change_workflows_statement = {
    sid = "ChangeWorkflows"
    actions = [
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
    ]
    resources = [aws_dynamodb_table.workflows.arn]
  }

  # The request with the state beside it; the history.
  read_requests_statement = {
    sid       = "ReadRequests"
    actions   = ["dynamodb:Query"]
    resources = [aws_dynamodb_table.workflows.arn]
  }

  send_commands_statement = {
    sid     = "SendCommands"
    actions = ["sqs:SendMessage"]
    resources = [
      # The dispatchers' queues by their names, because a role's policies hold 10 KB however many agents there are.
      "arn:${local.partition}:sqs:${var.aws_region}:${local.account_id}:${local.name}-*-dispatch",
      module.approval.queue_arn,
    ]
  }

  read_artifacts_statement = {
    sid       = "ReadArtifacts"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.artifacts.arn}/workflows/*"]
  }

  # Without it S3 answers 403 for a key that does not exist.
  tell_missing_artifacts_statement = {
    sid       = "TellMissingArtifacts"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.artifacts.arn]
  }

  token_keys_parameter     = "/${var.name_prefix}/${var.environment}/callback-token-keys"
  token_keys_parameter_arn = "arn:${local.partition}:ssm:${var.aws_region}:${local.account_id}:parameter${local.token_keys_parameter}"

  # Only this parameter, only through Parameter Store, whatever key encrypts it.
  decrypt_token_keys_statement = {
    sid       = "DecryptTokenKeys"
    actions   = ["kms:Decrypt"]
    resources = ["arn:${local.partition}:kms:${var.aws_region}:${local.account_id}:key/*"]
    condition = {
      StringEquals = {
        "kms:ViaService"                      = ["ssm.${var.aws_region}.amazonaws.com"]
        "kms:EncryptionContext:PARAMETER_ARN" = [local.token_keys_parameter_arn]
      }
    }
  }
}
