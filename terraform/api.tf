# The HTTP API.

locals {
  api_functions = merge(
    {
      intake    = { name = module.intake.function_name, invoke_arn = module.intake.invoke_arn }
      approval  = { name = module.approval.function_name, invoke_arn = module.approval.invoke_arn }
      callback  = { name = module.callback.function_name, invoke_arn = module.callback.invoke_arn }
      artifacts = { name = module.artifacts.function_name, invoke_arn = module.artifacts.invoke_arn }
    },
    { for function in module.instant_agents : "instant-agents" => { name = function.function_name, invoke_arn = function.invoke_arn } },
  )

  # Routes for clients, by who serves them and by the group that they are authorised with. Where tokens are asked for, the
  # scopes of the groups in `or` are good too.
  client_routes = {
    "POST /workflows"                      = { service = "intake", group = "start" }
    "POST /sources"                        = { service = "intake", group = "start" }
    "GET /workflows"                       = { service = "intake", group = "read" }
    "GET /flows"                           = { service = "intake", group = "read" }
    "GET /workflows/{id}"                  = { service = "intake", group = "read" }
    "GET /workflows/{id}/history"          = { service = "intake", group = "read" }
    "GET /workflows/{id}/artifacts/{name}" = { service = "intake", group = "read" }
    "GET /workflows/{id}/review"           = { service = "approval", group = "read", or = ["approve"] }
    "POST /workflows/{id}/cancel"          = { service = "intake", group = "operate" }
    "POST /workflows/{id}/redrive"         = { service = "intake", group = "operate" }
    "POST /workflows/{id}/approval-links"  = { service = "approval", group = "operate" }
    "POST /approve/{id}"                   = { service = "approval", group = "approve" }
  }

  route_authorization = {
    for group in ["start", "read", "approve", "operate"] :
    group => lookup(var.api_authorization_overrides, group, var.api_authorization)
  }

  asks_for_tokens = contains(values(local.route_authorization), "jwt")
  is_open         = contains(values(local.route_authorization), "none")

  # Handlers demand the proof themselves: they do not rely on the gateway alone.
  client_authorization_environment = merge(
    { API_AUTHORIZATION = jsonencode(local.route_authorization) },
    local.asks_for_tokens ? {
      API_JWT = jsonencode({
        issuer        = var.jwt_issuer
        audience      = var.jwt_audience
        subject_claim = var.jwt_subject_claim
        scopes        = var.jwt_scopes
      })
    } : {},
  )

  # Routes for agents, whose tasks have a token.
  agent_routes = {
    "POST /callbacks/{id}"                  = "callback"
    "GET /callbacks/{id}/artifacts"         = "artifacts"
    "POST /callbacks/{id}/artifacts/{name}" = "artifacts"
    "GET /callbacks/{id}/artifacts/{name}"  = "artifacts"
    "GET /callbacks/{id}/inputs/{n}"        = "artifacts"
  }

  # Routes whose callers bring a token that our code checks.
  token_routes = merge(
    {
      "GET /approval-links/{token}"  = "approval"
      "POST /approval-links/{token}" = "approval"
    },
    local.agent_routes,
    local.instant_agents_routes,
  )

  # Routes that say nothing about any workflow. What no route takes is answered like all else, as problem details.
  open_routes = {
    "GET /openapi.json" = "intake"
    "$default"          = "intake"
  }

  # Routes with a limit of their own; the default is for all others. AWS does not say whether those share it, so what nobody
  # has to prove anything for is kept from using it up.
  route_throttles = merge(
    # Too much is refused at the door: what has begun goes on.
    { "POST /workflows" = { rate = var.start_throttle_rate, burst = var.start_throttle_burst } },
    # Agents' results come through, whatever clients ask for.
    { for route in keys(local.agent_routes) : route => { rate = var.api_throttle_rate, burst = var.api_throttle_burst } },
    {
      for route in ["GET /approval-links/{token}", "POST /approval-links/{token}", "GET /openapi.json", "$default"] :
      route => { rate = var.open_throttle_rate, burst = var.open_throttle_burst }
    },
  )

  gateway_authorization = {
    iam  = "AWS_IAM"
    jwt  = "JWT"
    none = "NONE"
  }
}

resource "aws_apigatewayv2_api" "this" {
  name          = "${local.name}-api"
  description   = "Durable AI-agent workflows."
  protocol_type = "HTTP"

  # With a name of its own the API has one door, not two.
  disable_execute_api_endpoint = var.api_domain_name != null

  dynamic "cors_configuration" {
    for_each = length(var.cors_allow_origins) > 0 ? [var.cors_allow_origins] : []

    content {
      allow_origins  = cors_configuration.value
      allow_methods  = ["GET", "POST"]
      allow_headers  = ["authorization", "content-type", "idempotency-key", "traceparent", "x-amz-date", "x-amz-security-token"]
      expose_headers = ["location"]
      max_age        = 600
    }
  }

  depends_on = [terraform_data.rules]
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.api_throttle_rate
    throttling_burst_limit = var.api_throttle_burst
  }

  dynamic "route_settings" {
    for_each = local.route_throttles

    content {
      route_key              = route_settings.key
      throttling_rate_limit  = route_settings.value.rate
      throttling_burst_limit = route_settings.value.burst
    }
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    # Without the path, which may hold the token of a link.
    format = jsonencode({
      request_id         = "$context.requestId"
      requested_at       = "$context.requestTimeEpoch"
      route              = "$context.routeKey"
      protocol           = "$context.protocol"
      user_agent         = "$context.identity.userAgent"
      status             = "$context.status"
      response_bytes     = "$context.responseLength"
      latency_ms         = "$context.responseLatency"
      caller             = "$context.identity.userArn"
      subject            = "$context.authorizer.claims.sub"
      source_ip          = "$context.identity.sourceIp"
      authorizer_error   = "$context.authorizer.error"
      integration_error  = "$context.integrationErrorMessage"
      integration_status = "$context.integrationStatus"
    })
  }

  # A stage knows the settings of routes that there are.
  depends_on = [aws_apigatewayv2_route.client, aws_apigatewayv2_route.token, aws_apigatewayv2_route.open]
}

resource "aws_cloudwatch_log_group" "api" {
  # checkov:skip=CKV_AWS_158:The variable log_kms_key_arn names a key of one's own.
  # checkov:skip=CKV_AWS_338:The variable log_retention_days says how long.
  name              = "/aws/apigateway/${local.name}-api"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_apigatewayv2_integration" "service" {
  for_each = local.api_functions

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = each.value.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "client" {
  # checkov:skip=CKV_AWS_309:Each has one, from api_authorization and its overrides, which the scanner does not follow; none is refused outside dev.
  for_each = local.client_routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.service[each.value.service].id}"
  authorization_type = local.gateway_authorization[local.route_authorization[each.value.group]]

  authorizer_id = local.route_authorization[each.value.group] == "jwt" ? aws_apigatewayv2_authorizer.tokens[0].id : null
  authorization_scopes = local.route_authorization[each.value.group] == "jwt" ? [
    for group in concat([each.value.group], try(each.value.or, [])) : var.jwt_scopes[group] if local.route_authorization[group] == "jwt"
  ] : null
}

resource "aws_apigatewayv2_authorizer" "tokens" {
  count = local.asks_for_tokens ? 1 : 0

  api_id           = aws_apigatewayv2_api.this.id
  name             = "${local.name}-tokens"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt_issuer
    audience = var.jwt_audience
  }
}

resource "aws_apigatewayv2_route" "token" {
  # checkov:skip=CKV_AWS_309:The caller brings a token that our code checks before it reads anything.
  for_each = local.token_routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.service[each.value].id}"
  authorization_type = "NONE"
}

resource "aws_apigatewayv2_route" "open" {
  # checkov:skip=CKV_AWS_309:The description of the API and the answer to what is no route hold nothing secret.
  for_each = local.open_routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.service[each.value].id}"
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "api" {
  for_each = local.api_functions

  function_name = each.value.name
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  # Stage and route, also $default, whose ARN has no method.
  source_arn = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
}
