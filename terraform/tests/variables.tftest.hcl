# Every constrained variable refuses what it must. A run fails unless every variable that it expects to
# fail does, so one run tests one bad value of each.

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

run "refuses" {
  command = plan

  variables {
    name_prefix               = "Aegis"
    environment               = "production"
    aws_region                = "us_east_1"
    aws_endpoint_url          = "127.0.0.1:4566"
    tags                      = { "aws:owner" = "me" }
    lambda_dist_dir           = ""
    lambda_architecture       = "arm"
    lambda_memory_mb          = 64
    lambda_timeout_seconds    = 1
    deadlines_timeout_seconds = 5
    extra_lambda_environment  = { "not-a-name" = "x" }
    log_level                 = "verbose"
    platform_log_level        = "ERROR"
    log_retention_days        = 2
    max_receive_count         = 1
    queue_batch_size          = 0
    dispatch_concurrency      = 1
    relay_batch_size          = 0

    relay_batching_window_seconds = -1

    relay_parallelization = 0
    agent_idle_seconds    = 59
    api_authorization     = "open"

    api_authorization_overrides = { decide = "iam" }
    jwt_issuer                  = "http://issuer.example"
    jwt_audience                = ["two words"]
    jwt_scopes                  = { start = "two words" }
    jwt_subject_claim           = ""
    external_accounts           = ["partner"]

    cors_allow_origins        = ["app.example.com"]
    api_throttle_rate         = 0
    api_throttle_burst        = 0
    start_throttle_rate       = 0
    start_throttle_burst      = 0
    open_throttle_rate        = 0
    open_throttle_burst       = 0
    agent_platform_version    = "V3"
    external_sources          = ["aegis.workflow"]
    approver_sources          = ["a,b"]
    agent_role_trusted_arns   = ["*"]
    agent_images_kept         = 1
    agent_dist_dir            = ""
    agents                    = { writer = { image = "docker.io/writer:1" } }
    agent_network             = { subnet_ids = [], security_group_ids = ["sg-0a1b2c3d"] }
    approval_timeout_hours    = 0
    approval_reminder_hours   = -1
    pickup_timeout_seconds    = 0
    capacity_timeout_hours    = -1
    start_timeout_seconds     = 9
    heartbeat_timeout_seconds = 0
    step_timeout_seconds      = 0
    max_sends                 = 0
    retention_days            = 0
    result_url_seconds        = 59
    status_shards             = 0
    deadline_shards           = 0
    artifact_transition_days  = 29
    function_settings         = { relay = { memory_mb = 10241 } }
    log_kms_key_arn           = "alias/logs"
    data_kms_key_arn          = "alias/data"
    alarm_kms_key_arn         = "alias/alarms"
    api_domain_name           = "https://api.example.com"
    api_certificate_arn       = "arn:aws:iam::123456789012:server-certificate/api"
    api_hosted_zone_id        = "example.com"
    artifact_archive_days     = 59
    artifact_superseded_days  = 0
    alarm_emails              = ["ops"]
    alarm_queue_age_seconds   = 59
    alarm_stream_age_seconds  = 9
    alarm_state_age_seconds   = 59
    monthly_budget_usd        = 0
  }

  expect_failures = [
    var.name_prefix,
    var.environment,
    var.aws_region,
    var.aws_endpoint_url,
    var.tags,
    var.lambda_dist_dir,
    var.lambda_architecture,
    var.lambda_memory_mb,
    var.lambda_timeout_seconds,
    var.deadlines_timeout_seconds,
    var.extra_lambda_environment,
    var.log_level,
    var.platform_log_level,
    var.log_retention_days,
    var.max_receive_count,
    var.queue_batch_size,
    var.dispatch_concurrency,
    var.relay_batch_size,
    var.relay_batching_window_seconds,
    var.relay_parallelization,
    var.agent_idle_seconds,
    var.api_authorization,
    var.cors_allow_origins,
    var.api_throttle_rate,
    var.api_throttle_burst,
    var.start_throttle_rate,
    var.start_throttle_burst,
    var.open_throttle_rate,
    var.open_throttle_burst,
    var.agent_platform_version,
    var.external_sources,
    var.approver_sources,
    var.api_authorization_overrides,
    var.jwt_issuer,
    var.jwt_audience,
    var.jwt_scopes,
    var.jwt_subject_claim,
    var.external_accounts,
    var.agent_role_trusted_arns,
    var.agent_images_kept,
    var.agent_dist_dir,
    var.agents,
    var.agent_network,
    var.approval_timeout_hours,
    var.approval_reminder_hours,
    var.pickup_timeout_seconds,
    var.capacity_timeout_hours,
    var.start_timeout_seconds,
    var.heartbeat_timeout_seconds,
    var.step_timeout_seconds,
    var.max_sends,
    var.retention_days,
    var.result_url_seconds,
    var.status_shards,
    var.deadline_shards,
    var.artifact_transition_days,
    var.function_settings,
    var.log_kms_key_arn,
    var.data_kms_key_arn,
    var.alarm_kms_key_arn,
    var.api_domain_name,
    var.api_certificate_arn,
    var.api_hosted_zone_id,
    var.artifact_archive_days,
    var.artifact_superseded_days,
    var.alarm_emails,
    var.alarm_queue_age_seconds,
    var.alarm_stream_age_seconds,
    var.alarm_state_age_seconds,
    var.monthly_budget_usd,
  ]
}

run "refuses_too" {
  command = plan

  variables {
    name_prefix               = "9aegis"
    tags                      = { a = "1", b = "2", c = "3", d = "4", e = "5", f = "6", g = "7" }
    aws_region                = "nowhere"
    aws_endpoint_url          = "http://127.0.0.1:4566/"
    lambda_memory_mb          = 20000
    lambda_timeout_seconds    = 31
    deadlines_timeout_seconds = 901
    extra_lambda_environment  = { AWS_LAMBDA_EXEC_WRAPPER = "x" }
    max_receive_count         = 1001
    queue_batch_size          = 11
    dispatch_concurrency      = 1001
    relay_batch_size          = 1001

    relay_batching_window_seconds = 301

    relay_parallelization     = 11
    agent_idle_seconds        = 28801
    cors_allow_origins        = ["https://app.example.com/"]
    api_throttle_rate         = 10001
    api_throttle_burst        = 5001
    start_throttle_rate       = 10001
    start_throttle_burst      = 5001
    open_throttle_rate        = 10001
    open_throttle_burst       = 5001
    external_sources          = ["aws.s3"]
    approver_sources          = ["aegis.workflow"]
    agents                    = { researcher = { arn = "arn:aws:lambda:us-east-1:123456789012:function:researcher" } }
    agent_role_trusted_arns   = ["123456789012"]
    approval_timeout_hours    = 8761
    approval_reminder_hours   = 8761
    pickup_timeout_seconds    = 3601
    capacity_timeout_hours    = 721
    start_timeout_seconds     = 3601
    heartbeat_timeout_seconds = 3601
    step_timeout_seconds      = 28801
    max_sends                 = 21
    retention_days            = 1.5
    result_url_seconds        = 43201
    status_shards             = 101
    deadline_shards           = 101
    artifact_transition_days  = 30.5
    function_settings         = { relay = { memory_mb = 64 } }
    api_domain_name           = "localhost"
    artifact_archive_days     = 90.5
    artifact_superseded_days  = 1.5
    alarm_queue_age_seconds   = 345601
    alarm_stream_age_seconds  = 86401
    alarm_state_age_seconds   = 86401
    monthly_budget_usd        = 1000001
  }

  expect_failures = [
    var.name_prefix,
    var.tags,
    var.aws_region,
    var.aws_endpoint_url,
    var.lambda_memory_mb,
    var.lambda_timeout_seconds,
    var.deadlines_timeout_seconds,
    var.extra_lambda_environment,
    var.max_receive_count,
    var.queue_batch_size,
    var.dispatch_concurrency,
    var.relay_batch_size,
    var.relay_batching_window_seconds,
    var.relay_parallelization,
    var.agent_idle_seconds,
    var.cors_allow_origins,
    var.api_throttle_rate,
    var.api_throttle_burst,
    var.start_throttle_rate,
    var.start_throttle_burst,
    var.open_throttle_rate,
    var.open_throttle_burst,
    var.external_sources,
    var.approver_sources,
    var.agents,
    var.agent_role_trusted_arns,
    var.approval_timeout_hours,
    var.approval_reminder_hours,
    var.pickup_timeout_seconds,
    var.capacity_timeout_hours,
    var.start_timeout_seconds,
    var.heartbeat_timeout_seconds,
    var.step_timeout_seconds,
    var.max_sends,
    var.retention_days,
    var.result_url_seconds,
    var.status_shards,
    var.deadline_shards,
    var.artifact_transition_days,
    var.function_settings,
    var.api_domain_name,
    var.artifact_archive_days,
    var.artifact_superseded_days,
    var.alarm_queue_age_seconds,
    var.alarm_stream_age_seconds,
    var.alarm_state_age_seconds,
    var.monthly_budget_usd,
  ]
}

run "refuses_as_well" {
  command = plan

  variables {
    name_prefix            = "aegis-"
    lambda_memory_mb       = 128.5
    lambda_timeout_seconds = 10.5
    external_sources       = [""]
    agents                 = { researcher = { retries = { first_delay_seconds = 0.5 } } }
    function_settings      = { relay = { timeout_seconds = 901 } }
    api_domain_name        = "*.example.com"

    api_authorization_overrides = { approve = "open" }
    jwt_issuer                  = "https://issuer.example/?a=b"
    jwt_audience                = ["[web]"]
    jwt_scopes                  = { approve = "" }
    jwt_subject_claim           = "two words"
    external_accounts           = ["1234567890123"]
  }

  expect_failures = [
    var.name_prefix,
    var.lambda_memory_mb,
    var.lambda_timeout_seconds,
    var.external_sources,
    var.agents,
    var.function_settings,
    var.api_domain_name,
    var.api_authorization_overrides,
    var.jwt_issuer,
    var.jwt_audience,
    var.jwt_scopes,
    var.jwt_subject_claim,
    var.external_accounts,
  ]
}

run "refuses_also" {
  command = plan

  variables {
    name_prefix       = "a"
    function_settings = { relay = { reserved_concurrency = 0 } }
    agents            = { writer = { version = "v1" } }
  }

  expect_failures = [
    var.name_prefix,
    var.function_settings,
    var.agents,
  ]
}

run "refuses_besides" {
  command = plan

  variables {
    name_prefix              = "a-prefix-that-is-too-long"
    instant_agent_latency    = "quick"
    extra_lambda_environment = { AWS_SESSION_TOKEN = "x" }
    agent_network            = { subnet_ids = ["a-subnet"], security_group_ids = ["sg-0a1b2c3d"] }
    agents                   = { writer = { concurrency = 1 } }
  }

  expect_failures = [
    var.name_prefix,
    var.instant_agent_latency,
    var.extra_lambda_environment,
    var.agent_network,
    var.agents,
  ]
}

run "an_agent_that_is_never_tried" {
  command = plan

  variables {
    agents = { writer = { retries = { attempts = 0 } } }
  }

  expect_failures = [var.agents]
}

run "an_agent_with_a_capital" {
  command = plan

  variables {
    agents = { Writer = {} }
  }

  expect_failures = [var.agents]
}

# Names that AWS keeps for itself. Each refusal has a run of its own, because a run stops at the first.

run "name_with_two_dashes" {
  command = plan

  variables {
    name_prefix = "xn--agents"
  }

  expect_failures = [var.name_prefix]
}

run "name_like_aws_s" {
  command = plan

  variables {
    name_prefix = "aws-agents"
  }

  expect_failures = [var.name_prefix]
}

run "name_like_parameter_store_s" {
  command = plan

  variables {
    name_prefix = "ssmagents"
  }

  expect_failures = [var.name_prefix]
}

run "name_like_s3_s" {
  command = plan

  variables {
    name_prefix = "sthree"
  }

  expect_failures = [var.name_prefix]
}

run "name_like_s3_s_examples" {
  command = plan

  variables {
    name_prefix = "amzn-s3-demo-agents"
  }

  expect_failures = [var.name_prefix]
}

run "the_longest_names" {
  command = plan

  variables {
    name_prefix    = "a-name-as-long-as-20"
    environment    = "staging"
    agents         = { researcher = {}, analyst = {}, writer = {} }
    agent_dist_dir = "./tests/fixtures/agents"
  }

  assert {
    condition     = alltrue([for bucket in [aws_s3_bucket.artifacts.bucket, aws_s3_bucket.code.bucket] : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", bucket))])
    error_message = "A bucket's name has at most 63 characters."
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.agent)[*].name, values(output.function_names)) : length(role) <= 64])
    error_message = "Names of functions and roles have at most 64 characters."
  }

  assert {
    condition     = alltrue([for name in values(local.agent_runtime_names) : can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,47}$", name))])
    error_message = "Names of runtimes are as AgentCore takes them."
  }

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.agent : can(regex("^[a-z0-9]+(?:[._-][a-z0-9]+)*$", repository.name))])
    error_message = "Names of repositories are as ECR takes them."
  }
}
