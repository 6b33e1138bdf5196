# A name of one's own for the API, and what is told after a deployment.

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

run "none" {
  command = plan

  assert {
    condition     = length(aws_apigatewayv2_domain_name.api) == 0 && !aws_apigatewayv2_api.this.disable_execute_api_endpoint && output.api_domain_target == null
    error_message = "By default the API has the name that API Gateway gives."
  }
}

run "made_certificate" {
  command = plan

  variables {
    api_domain_name    = "api.example.com"
    api_hosted_zone_id = "Z0123456789ABCDEFGHIJ"
  }

  assert {
    condition     = aws_acm_certificate.api[0].domain_name == "api.example.com" && aws_acm_certificate.api[0].validation_method == "DNS"
    error_message = "A certificate is made for the name."
  }

  assert {
    condition     = aws_route53_record.proof[0].name == "_proof.api.example.com" && aws_route53_record.proof[0].records == toset(["_value.acm-validations.aws"])
    error_message = "The zone proves that the name is ours."
  }

  assert {
    condition = (
      one(aws_apigatewayv2_domain_name.api[0].domain_name_configuration).certificate_arn == "arn:aws:acm:us-east-1:123456789012:certificate/made"
      && one(aws_apigatewayv2_domain_name.api[0].domain_name_configuration).security_policy == "TLS_1_2"
    )
    error_message = "The name is served with the certificate, over TLS 1.2 or newer."
  }

  assert {
    condition     = aws_route53_record.api[0].name == "api.example.com" && aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "The name leads to the API, and the other one does not any more."
  }

  assert {
    condition     = output.api_endpoint == "https://api.example.com"
    error_message = "Clients and agents are told the name."
  }
}

run "brought_certificate" {
  command = plan

  variables {
    api_domain_name     = "api.example.com"
    api_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/mine"
  }

  assert {
    condition     = one(aws_apigatewayv2_domain_name.api[0].domain_name_configuration).certificate_arn == "arn:aws:acm:us-east-1:123456789012:certificate/mine"
    error_message = "A certificate that is brought is used."
  }

  assert {
    condition     = length(aws_acm_certificate.api) + length(aws_route53_record.proof) + length(aws_route53_record.api) == 0
    error_message = "Then no certificate and no record is made."
  }
}

run "access_log" {
  command = plan

  assert {
    condition     = !strcontains(one(aws_apigatewayv2_stage.default.access_log_settings).format, "$context.path")
    error_message = "A path may hold a token."
  }

  assert {
    condition     = toset(["request_id", "route", "status", "latency_ms", "caller", "source_ip"]) == setintersection(["request_id", "route", "status", "latency_ms", "caller", "source_ip"], keys(jsondecode(one(aws_apigatewayv2_stage.default.access_log_settings).format)))
    error_message = "Each request is a line of JSON that says who asked for what, and how it went."
  }

  assert {
    condition     = one(aws_apigatewayv2_stage.default.default_route_settings).throttling_rate_limit == 100 && one(aws_apigatewayv2_stage.default.default_route_settings).throttling_burst_limit == 200
    error_message = "The API keeps to its rate."
  }

  assert {
    condition = one([
      for settings in aws_apigatewayv2_stage.default.route_settings : settings.throttling_rate_limit if settings.route_key == "POST /workflows"
    ]) == 6
    error_message = "No more workflows are let in than agents can be started for."
  }
}

run "outputs" {
  command = plan

  assert {
    condition     = output.controller_log_group_name == "/aws/lambda/aegis-dev-intake" && output.callback_log_group_name == "/aws/lambda/aegis-dev-callback" && output.event_log_group_name == "/aws/events/aegis-dev"
    error_message = "Logs are found by the names of the quick start."
  }

  assert {
    condition     = alltrue([for url in concat(values(output.console_urls), values(output.log_group_urls)) : can(regex("^https://us-east-1\\.console\\.aws\\.amazon\\.com/", url))])
    error_message = "Pages of the console are addresses of the console."
  }

  assert {
    condition     = output.log_group_urls["intake"] == "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Faegis-dev-intake"
    error_message = "The console writes slashes of a log group's name in its own way."
  }

  assert {
    condition     = strcontains(output.quick_start, "curl --aws-sigv4 aws:amz:us-east-1:execute-api") && strcontains(output.quick_start, "terraform output -raw controller_log_group_name")
    error_message = "The quick start signs its requests."
  }

  assert {
    condition     = output.deployment_summary.functions == 9 && output.deployment_summary.alarms == length(aws_cloudwatch_metric_alarm.this) + 1
    error_message = "The summary counts."
  }
}

run "outputs_of_an_open_api" {
  command = plan

  variables {
    api_authorization  = "none"
    monthly_budget_usd = 10
    alarm_emails       = ["ops@example.com"]
  }

  assert {
    condition     = strcontains(output.quick_start, "curl -X POST") && !strcontains(output.quick_start, "sigv4")
    error_message = "Where nothing is signed, the quick start signs nothing."
  }
}

run "tags" {
  command = plan

  variables {
    tags = { cost_center = "research" }
  }

  assert {
    condition     = local.tags == { cost_center = "research", application = "aegis", environment = "dev", stack = "aegis-dev", managed_by = "terraform" }
    error_message = "Every resource carries these, by the provider's default_tags."
  }
}
