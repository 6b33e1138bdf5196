# The function module takes no permission that is not spelled out.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  name            = "aegis-dev-example"
  timeout_seconds = 30
  environment     = {}
  code            = { bucket = "code", key = "example.zip", hash = "aGFzaA==" }
  defaults        = { place = { partition = "aws", region = "us-east-1", account_id = "123456789012" }, architecture = "arm64", memory_mb = 256, log_retention_days = 30, platform_log_level = "WARN" }
}

run "named_actions" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    statements = [{ sid = "Send", actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:us-east-1:123456789012:example"] }]
  }

  assert {
    condition     = [for statement in jsondecode(output.policy).Statement : statement.Sid] == ["Send", "WriteOwnLog"]
    error_message = "A function may do what it is given, and write its own log."
  }
}

run "wildcard_action" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    statements = [{ sid = "Send", actions = ["sqs:*"], resources = ["arn:aws:sqs:us-east-1:123456789012:example"] }]
  }

  expect_failures = [var.statements]
}

run "any_resource" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    statements = [{ sid = "Send", actions = ["sqs:SendMessage"], resources = ["*"] }]
  }

  expect_failures = [var.statements]
}

run "name_too_long" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name       = "a-name-that-is-longer-than-lambda-and-iam-would-ever-take-for-one"
    statements = []
  }

  expect_failures = [var.name]
}
