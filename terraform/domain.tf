# A name of one's own for the API. The certificate is brought, or made and renewed by way of the name's zone.

locals {
  has_domain        = var.api_domain_name != null
  makes_certificate = local.has_domain && var.api_certificate_arn == null && var.api_hosted_zone_id != null
  writes_alias      = local.has_domain && var.api_hosted_zone_id != null

  # One name, so one record that proves that it is ours.
  proof = local.makes_certificate ? one(aws_acm_certificate.api[0].domain_validation_options) : null
}

resource "aws_acm_certificate" "api" {
  count = local.makes_certificate ? 1 : 0

  domain_name       = var.api_domain_name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  count = local.makes_certificate ? 1 : 0

  zone_id         = var.api_hosted_zone_id
  name            = local.proof.resource_record_name
  type            = local.proof.resource_record_type
  records         = [local.proof.resource_record_value]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "api" {
  count = local.makes_certificate ? 1 : 0

  certificate_arn         = aws_acm_certificate.api[0].arn
  validation_record_fqdns = [aws_route53_record.proof[0].fqdn]
}

resource "aws_apigatewayv2_domain_name" "api" {
  count = local.has_domain ? 1 : 0

  domain_name = var.api_domain_name

  domain_name_configuration {
    certificate_arn = local.makes_certificate ? aws_acm_certificate_validation.api[0].certificate_arn : var.api_certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }

  depends_on = [terraform_data.rules]
}

resource "aws_apigatewayv2_api_mapping" "api" {
  count = local.has_domain ? 1 : 0

  api_id      = aws_apigatewayv2_api.this.id
  domain_name = aws_apigatewayv2_domain_name.api[0].id
  stage       = aws_apigatewayv2_stage.default.id
}

resource "aws_route53_record" "api" {
  count = local.writes_alias ? 1 : 0

  zone_id = var.api_hosted_zone_id
  name    = var.api_domain_name
  type    = "A"

  alias {
    name                   = aws_apigatewayv2_domain_name.api[0].domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.api[0].domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = false
  }
}
