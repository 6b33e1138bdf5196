# The functions' size, time, concurrency, tracing, and what they are told.

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
      for service, settings in local.function_settings :
      settings.architecture == "arm64" && settings.memory_mb == 256 && settings.reserved_concurrency == null && settings.xray_tracing
      && settings.timeout_seconds == (service == "deadlines" ? 60 : 30)
    ])
    error_message = "Functions are alike, but for the time of deadlines."
  }

  assert {
    condition     = toset(keys(local.function_settings)) == toset(keys(local.functions))
    error_message = "Each function has settings."
  }

  assert {
    condition = { for function, names in output.environment_names : function => toset(names) } == {
      for function in keys(local.functions) : function => toset([
        for name in jsondecode(file("./tests/fixtures/environment.json"))[endswith(function, "-dispatch") ? "dispatch" : function] :
        replace(name, "<AGENT>", upper(trimsuffix(function, "-dispatch")))
      ])
    }
    error_message = "A function's environment is what its code reads: tests/fixtures/environment.json."
  }

  assert {
    condition     = local.common_environment == { ENVIRONMENT = "dev", LOG_LEVEL = "DEBUG" }
    error_message = "dev logs all."
  }
}

run "prod" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = local.common_environment == { ENVIRONMENT = "prod", LOG_LEVEL = "INFO" }
    error_message = "prod logs less."
  }
}

run "one_function" {
  command = plan

  variables {
    function_settings = { relay = { memory_mb = 1024, timeout_seconds = 60, reserved_concurrency = 10 } }
  }

  assert {
    condition = (
      local.function_settings["relay"].memory_mb == 1024
      && local.function_settings["relay"].timeout_seconds == 60
      && local.function_settings["relay"].reserved_concurrency == 10
      && local.function_settings["intake"].memory_mb == 256
    )
    error_message = "One function differs, the others do not."
  }
}

run "made_as_set" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name            = "aegis-dev-example"
    timeout_seconds = 45
    environment     = { LOG_LEVEL = "INFO" }
    code            = { bucket = "code", key = "example.zip", hash = "aGFzaA==" }
    statements      = []
    defaults = {
      place                = { partition = "aws", region = "us-east-1", account_id = "123456789012" }
      architecture         = "arm64"
      memory_mb            = 512
      log_retention_days   = 14
      platform_log_level   = "WARN"
      log_kms_key_arn      = "arn:aws:kms:us-east-1:123456789012:key/logs"
      reserved_concurrency = 7
      xray_tracing         = true
    }
  }

  assert {
    condition = (
      aws_lambda_function.this.memory_size == 512
      && aws_lambda_function.this.timeout == 45
      && aws_lambda_function.this.reserved_concurrent_executions == 7
      && one(aws_lambda_function.this.tracing_config).mode == "Active"
      && aws_lambda_function.this.architectures == tolist(["arm64"])
    )
    error_message = "A function is made as its settings say."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 14 && aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/logs"
    error_message = "Its log is kept as its settings say."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
    error_message = "Lambda alone assumes its role."
  }
}

run "made_plainly" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name            = "aegis-dev-example"
    timeout_seconds = 45
    environment     = {}
    code            = { bucket = "code", key = "example.zip", hash = "aGFzaA==" }
    statements      = []
    defaults        = { place = { partition = "aws", region = "us-east-1", account_id = "123456789012" }, architecture = "x86_64", memory_mb = 128, log_retention_days = 14, platform_log_level = "WARN" }
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1 && one(aws_lambda_function.this.tracing_config).mode == "PassThrough"
    error_message = "Nothing is reserved or traced unless it is asked for."
  }
}

run "made_to_send_spans" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name            = "aegis-dev-example"
    timeout_seconds = 45
    environment     = {}
    code            = { bucket = "code", key = "example.zip", hash = "aGFzaA==" }
    statements      = []
    defaults        = { place = { partition = "aws", region = "us-east-1", account_id = "123456789012" }, architecture = "x86_64", memory_mb = 128, log_retention_days = 14, platform_log_level = "WARN", export_spans = true }
  }

  assert {
    condition     = contains(flatten([for statement in local.statements : statement.actions]), "xray:PutTraceSegments")
    error_message = "Whoever sends spans may, though Lambda does not trace."
  }
}

run "no_packages" {
  command = plan

  variables {
    lambda_dist_dir = "./tests/fixtures/nothing"
  }

  expect_failures = [aws_s3_object.code]
}
