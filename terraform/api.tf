# The HTTP API.

locals {
  api_functions = {
    intake   = { name = module.intake.function_name, invoke_arn = module.intake.invoke_arn }
    approval = { name = module.approval.function_name, invoke_arn = module.approval.invoke_arn }
    callback = { name = module.callback.function_name, invoke_arn = module.callback.invoke_arn }
  }

  # Routes for clients, authorised by var.api_authorization.
  client_routes = {
    "POST /workflows"                      = "intake"
    "GET /workflows"                       = "intake"
    "GET /workflows/{id}"                  = "intake"
    "GET /workflows/{id}/history"          = "intake"
    "GET /workflows/{id}/artifacts/{name}" = "intake"
    "POST /workflows/{id}/cancel"          = "intake"
    "POST /workflows/{id}/redrive"         = "intake"
    "POST /approve/{id}"                   = "approval"
    "POST /workflows/{id}/approval-links"  = "approval"
  }

  # Routes whose callers bring a token that our code checks.
  token_routes = {
    "POST /callbacks/{id}"         = "callback"
    "GET /approval-links/{token}"  = "approval"
    "POST /approval-links/{token}" = "approval"
  }

  # Routes that say nothing about any workflow. What no route takes is answered like all else, as problem details.
  open_routes = {
    "GET /openapi.json" = "intake"
    "$default"          = "intake"
  }

  gateway_authorization = {
    iam  = "AWS_IAM"
    none = "NONE"
  }
}

resource "aws_apigatewayv2_api" "this" {
  name          = "${local.name}-api"
  description   = "Durable AI-agent workflows."
  protocol_type = "HTTP"

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

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn
    # The route, never the path: the path of an approval link is a secret.
    format = jsonencode({
      request_id         = "$context.requestId"
      requested_at       = "$context.requestTimeEpoch"
      route              = "$context.routeKey"
      status             = "$context.status"
      response_bytes     = "$context.responseLength"
      latency_ms         = "$context.responseLatency"
      caller             = "$context.identity.userArn"
      source_ip          = "$context.identity.sourceIp"
      authorizer_error   = "$context.authorizer.error"
      integration_error  = "$context.integrationErrorMessage"
      integration_status = "$context.integrationStatus"
    })
  }
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/apigateway/${local.name}-api"
  retention_in_days = var.log_retention_days
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
  for_each = local.client_routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.service[each.value].id}"
  authorization_type = local.gateway_authorization[var.api_authorization]
}

resource "aws_apigatewayv2_route" "token" {
  for_each = local.token_routes

  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.service[each.value].id}"
  authorization_type = "NONE"
}

resource "aws_apigatewayv2_route" "open" {
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
