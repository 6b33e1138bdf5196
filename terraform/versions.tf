terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40, < 7.0"
    }
  }
}

provider "aws" {
  region = var.aws_region

  # An emulator knows no instance metadata and no virtual-host bucket names.
  skip_credentials_validation = local.is_local
  skip_metadata_api_check     = local.is_local
  s3_use_path_style           = local.is_local

  # Named one by one, so that with `aws_endpoint_url` set no call can reach the real AWS
  # because an environment variable was forgotten.
  dynamic "endpoints" {
    for_each = local.is_local ? [var.aws_endpoint_url] : []

    content {
      acm            = endpoints.value
      apigatewayv2   = endpoints.value
      budgets        = endpoints.value
      cloudwatch     = endpoints.value
      cloudformation = endpoints.value
      cloudwatchlogs = endpoints.value
      dynamodb       = endpoints.value
      ecr            = endpoints.value
      eventbridge    = endpoints.value
      iam            = endpoints.value
      kms            = endpoints.value
      lambda         = endpoints.value
      route53        = endpoints.value
      s3             = endpoints.value
      sns            = endpoints.value
      sqs            = endpoints.value
      sts            = endpoints.value
    }
  }

  default_tags {
    tags = local.tags
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
