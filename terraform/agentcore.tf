# The agents' AgentCore runtimes: made here, unless one is brought by its ARN.

locals {
  # What takes AgentCore's place answers to any name.
  given_agent_arns = {
    for agent, settings in var.agents :
    agent => settings.arn == null && var.instant_agents ? "arn:${local.partition}:bedrock-agentcore:${var.aws_region}:${local.account_id}:runtime/instant" : settings.arn
  }

  created_agents = { for agent, arn in local.given_agent_arns : agent => true if arn == null }

  # What dispatchers invoke. Of a runtime that is made here it is the endpoint, which stays with one version.
  agent_arns = {
    for agent, arn in local.given_agent_arns :
    agent => arn != null ? arn : try(aws_cloudformation_stack.agent[agent].outputs["EndpointArn"], "")
  }

  # Letters, digits and underscores, at most 48.
  agent_runtime_names = { for agent in keys(var.agents) : agent => replace("${local.name}_${agent}", "-", "_") }

  # A session has no use after its step.
  agent_session_seconds = max(60, var.step_timeout_seconds)

  agent_platform_property = var.agent_platform_version == null ? {} : { PlatformVersion = var.agent_platform_version }

  agent_network = merge(
    { NetworkMode = var.agent_network == null ? "PUBLIC" : "VPC" },
    var.agent_network == null ? {} : {
      NetworkModeConfig = {
        Subnets        = var.agent_network.subnet_ids
        SecurityGroups = var.agent_network.security_group_ids
      }
    },
  )

  # JSON, because a number and a reference are of two types.
  agent_endpoint_versions = {
    for agent, settings in var.agents :
    agent => settings.version == null ? jsonencode({ "Fn::GetAtt" = ["Runtime", "AgentRuntimeVersion"] }) : jsonencode(settings.version)
  }
}

# Through CloudFormation, because the provider has resources for AgentCore only from 6.17 on.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-bedrockagentcore-runtime.html
resource "aws_cloudformation_stack" "agent" {
  for_each = local.created_agents

  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports how it ended.
  name = "${local.name}-${each.key}-runtime"

  # Not in the template, which can be read in a plan also when an image is yet to be built.
  parameters = { ImageUri = try(local.agent_image_uris[each.key], "") }

  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Runtime of the ${each.key}, and the endpoint that dispatchers invoke."

    Parameters = { ImageUri = { Type = "String" } }

    Resources = {
      Runtime = {
        Type = "AWS::BedrockAgentCore::Runtime"
        Properties = merge(local.agent_platform_property, {
          AgentRuntimeName      = local.agent_runtime_names[each.key]
          AgentRuntimeArtifact  = { ContainerConfiguration = { ContainerUri = { Ref = "ImageUri" } } }
          RoleArn               = aws_iam_role.agent[each.key].arn
          NetworkConfiguration  = local.agent_network
          ProtocolConfiguration = "HTTP"
          LifecycleConfiguration = {
            IdleRuntimeSessionTimeout = min(var.agent_idle_seconds, local.agent_session_seconds)
            MaxLifetime               = local.agent_session_seconds
          }
          EnvironmentVariables = merge(local.span_environment, {
            ARTIFACT_BUCKET = aws_s3_bucket.artifacts.bucket
            AWS_REGION      = var.aws_region
            ENVIRONMENT     = var.environment
            LOG_LEVEL       = local.log_level
          })
          Tags = local.tags
        })
      }

      # A change of the runtime makes a new version, and the endpoint moves there once that is ready, or stays with the
      # version that it is told to. Sessions that have begun go on where they are.
      Endpoint = {
        Type = "AWS::BedrockAgentCore::RuntimeEndpoint"
        Properties = {
          Name                = "live"
          AgentRuntimeId      = { "Fn::GetAtt" = ["Runtime", "AgentRuntimeId"] }
          AgentRuntimeVersion = jsondecode(local.agent_endpoint_versions[each.key])
          Tags                = local.tags
        }
      }
    }

    Outputs = {
      EndpointArn = { Value = { "Fn::GetAtt" = ["Endpoint", "AgentRuntimeEndpointArn"] } }
      Version     = { Value = { "Fn::GetAtt" = ["Runtime", "AgentRuntimeVersion"] } }
    }
  })

  depends_on = [terraform_data.agent_role_is_known, aws_iam_role_policy.agent]
}

# IAM tells a new role or policy to the rest of AWS within seconds, not at once. AgentCore pulls the image as that role while it
# makes the runtime; an early "access denied" would roll the whole stack back. So whatever changes the role is followed by a
# pause. It has no part in a destroy.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
resource "terraform_data" "agent_role_is_known" {
  for_each = local.created_agents

  triggers_replace = {
    role   = aws_iam_role.agent[each.key].unique_id
    policy = aws_iam_role_policy.agent_runtime[each.key].policy
  }

  provisioner "local-exec" {
    command = "sleep 15"
  }
}

# What AgentCore itself does with an agent's role.
# https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/runtime-permissions.html
resource "aws_iam_role_policy" "agent_runtime" {
  for_each = local.created_agents

  name = "runtime"
  role = aws_iam_role.agent[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = local.agent_repository_arns[each.key]
      },
      {
        # The action knows no resource.
        Sid      = "EnterRegistry"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "WriteOwnLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = "${local.agent_log_arn}${local.agent_runtime_names[each.key]}-*"
      },
      {
        # It lists groups before it makes its own; the action takes no narrower resource.
        Sid      = "FindOwnLog"
        Effect   = "Allow"
        Action   = "logs:DescribeLogGroups"
        Resource = "arn:${local.partition}:logs:${var.aws_region}:${local.account_id}:log-group:*"
      },
    ]
  })
}

locals {
  agent_log_arn = "arn:${local.partition}:logs:${var.aws_region}:${local.account_id}:log-group:/aws/bedrock-agentcore/runtimes/"

  # <account>.dkr.ecr.<region>.<domain>/<name>, then a tag or a digest.
  agent_image_parts = {
    for agent, uri in local.given_agent_images :
    agent => regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.[a-z.]+/(?P<name>[^:@]+)", uri)
  }

  agent_repository_arns = merge(
    { for agent, repository in aws_ecr_repository.agent : agent => repository.arn },
    {
      for agent, image in local.agent_image_parts :
      agent => "arn:${local.partition}:ecr:${image.region}:${image.account}:repository/${image.name}"
    },
  )
}
