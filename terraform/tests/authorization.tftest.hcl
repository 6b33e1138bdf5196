# Who may call which route, and who may put events on the bus.

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

run "signatures_by_default" {
  command = plan

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.client : route.authorization_type == "AWS_IAM" && route.authorizer_id == null])
    error_message = "Unless told otherwise, clients sign their requests."
  }

  assert {
    condition     = length(aws_apigatewayv2_authorizer.tokens) == 0
    error_message = "Without tokens there is no authorizer."
  }

  assert {
    condition = (
      jsondecode(local.client_authorization_environment.API_AUTHORIZATION) == { start = "iam", read = "iam", approve = "iam", operate = "iam" }
      && !contains(keys(local.client_authorization_environment), "API_JWT")
    )
    error_message = "Handlers are told what to demand, and of tokens nothing."
  }
}

run "tokens" {
  command = plan

  variables {
    environment       = "prod"
    api_authorization = "jwt"
    jwt_issuer        = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI"
    jwt_audience      = ["web", "mobile"]
    jwt_scopes        = { approve = "company/decide" }
    jwt_subject_claim = "email"
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.client : route.authorization_type == "JWT"])
    error_message = "All client routes ask for a token."
  }

  assert {
    condition = { for key, route in aws_apigatewayv2_route.client : key => join(" ", sort(route.authorization_scopes)) } == {
      "POST /workflows"                      = "aegis/start"
      "POST /sources"                        = "aegis/start"
      "GET /workflows"                       = "aegis/read"
      "GET /flows"                           = "aegis/read"
      "GET /workflows/{id}"                  = "aegis/read"
      "GET /workflows/{id}/history"          = "aegis/read"
      "GET /workflows/{id}/artifacts/{name}" = "aegis/read"
      "GET /workflows/{id}/review"           = "aegis/read company/decide"
      "POST /workflows/{id}/cancel"          = "aegis/operate"
      "POST /workflows/{id}/redrive"         = "aegis/operate"
      "POST /workflows/{id}/approval-links"  = "aegis/operate"
      "POST /approve/{id}"                   = "company/decide"
    }
    error_message = "Each group of routes asks for its own scope; who may approve may look at what."
  }

  assert {
    condition = (
      one(aws_apigatewayv2_authorizer.tokens[0].jwt_configuration).issuer == "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI"
      && one(aws_apigatewayv2_authorizer.tokens[0].jwt_configuration).audience == toset(["web", "mobile"])
      && aws_apigatewayv2_authorizer.tokens[0].authorizer_type == "JWT"
      && aws_apigatewayv2_authorizer.tokens[0].identity_sources == toset(["$request.header.Authorization"])
    )
    error_message = "The gateway trusts the issuer and the audiences that were named."
  }

  assert {
    condition = jsondecode(local.client_authorization_environment.API_JWT) == {
      issuer        = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI"
      audience      = ["web", "mobile"]
      subject_claim = "email"
      scopes        = { start = "aegis/start", read = "aegis/read", approve = "company/decide", operate = "aegis/operate" }
    }
    error_message = "approval looks at the claims again."
  }

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.token : route.authorization_type == "NONE"])
    error_message = "Callbacks keep their own tokens."
  }
}

run "each_group_in_its_own_way" {
  command = plan

  variables {
    jwt_issuer                  = "https://issuer.example/"
    jwt_audience                = ["web"]
    api_authorization_overrides = { approve = "jwt", read = "none" }
    monthly_budget_usd          = 10
    alarm_emails                = ["ops@example.com"]
  }

  assert {
    condition = { for key, route in aws_apigatewayv2_route.client : key => route.authorization_type } == {
      "POST /workflows"                      = "AWS_IAM"
      "POST /sources"                        = "AWS_IAM"
      "GET /workflows"                       = "NONE"
      "GET /flows"                           = "NONE"
      "GET /workflows/{id}"                  = "NONE"
      "GET /workflows/{id}/history"          = "NONE"
      "GET /workflows/{id}/artifacts/{name}" = "NONE"
      "GET /workflows/{id}/review"           = "NONE"
      "POST /workflows/{id}/cancel"          = "AWS_IAM"
      "POST /workflows/{id}/redrive"         = "AWS_IAM"
      "POST /workflows/{id}/approval-links"  = "AWS_IAM"
      "POST /approve/{id}"                   = "JWT"
    }
    error_message = "An override is for its own group."
  }

  assert {
    condition = (
      jsondecode(local.client_authorization_environment.API_AUTHORIZATION) == { start = "iam", read = "none", approve = "jwt", operate = "iam" }
      && contains(keys(local.client_authorization_environment), "API_JWT")
      && output.api_route_authorization == { start = "iam", read = "none", approve = "jwt", operate = "iam" }
    )
    error_message = "Handlers and clients are told the same as the gateway."
  }
}

run "an_open_group_in_prod" {
  command = plan

  variables {
    environment                 = "prod"
    api_authorization_overrides = { read = "none" }
  }

  expect_failures = [terraform_data.rules]
}

run "tokens_of_nobody" {
  command = plan

  variables {
    api_authorization = "jwt"
    jwt_audience      = ["web"]
  }

  expect_failures = [terraform_data.rules]
}

run "tokens_for_nobody" {
  command = plan

  variables {
    api_authorization_overrides = { start = "jwt" }
    jwt_issuer                  = "https://issuer.example"
  }

  expect_failures = [terraform_data.rules]
}

run "events_of_our_own_account" {
  command = plan

  assert {
    condition     = [for statement in jsondecode(aws_cloudwatch_event_bus_policy.this[0].policy).Statement : statement.Effect] == ["Deny"]
    error_message = "The bus's policy lets nobody in."
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.external : jsondecode(rule.event_pattern).account == ["123456789012"]])
    error_message = "Only events of our own account are heard."
  }

  assert {
    condition     = local.external_environment == { EXTERNAL_SOURCES = "", EXTERNAL_ACCOUNTS = "123456789012" }
    error_message = "Handlers look for the same."
  }
}

run "events_of_partners" {
  command = plan

  variables {
    external_sources  = ["partner.crm", "partner.erp"]
    external_accounts = ["210987654321"]
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_bus_policy.this[0].policy).Statement == [
      {
        Sid       = "OnlyRelayUsesOurSource"
        Effect    = "Deny"
        Principal = "*"
        Action    = "events:PutEvents"
        Resource  = "arn:aws:events:us-east-1:123456789012:event-bus/mock"
        Condition = {
          StringEquals = { "events:source" = "aegis.workflow" }
          ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::123456789012:role/mock" }
        }
      },
      {
        Sid       = "TakeFromAccounts"
        Effect    = "Allow"
        Principal = { AWS = ["arn:aws:iam::210987654321:root"] }
        Action    = "events:PutEvents"
        Resource  = "arn:aws:events:us-east-1:123456789012:event-bus/mock"
        Condition = { StringEquals = {
          "events:source"      = ["partner.crm", "partner.erp"]
          "events:detail-type" = ["ApprovalDecided", "StepReported", "WorkflowRequested", "CancelRequested", "RedriveRequested"]
        } }
      },
    ]
    error_message = "A named account puts events of the named sources, and never ours."
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.external : jsondecode(rule.event_pattern).account == ["123456789012", "210987654321"]])
    error_message = "The events of both accounts are heard."
  }

  assert {
    condition     = local.external_environment == { EXTERNAL_SOURCES = "partner.crm,partner.erp", EXTERNAL_ACCOUNTS = "123456789012,210987654321" }
    error_message = "Handlers look for the same."
  }
}

run "accounts_without_sources" {
  command = plan

  variables {
    external_accounts = ["210987654321"]
  }

  expect_failures = [terraform_data.rules]
}
