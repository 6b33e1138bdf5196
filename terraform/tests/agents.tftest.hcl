# The agents' repositories, images and runtimes.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  lambda_dist_dir = "./tests/fixtures/packages"
  agent_dist_dir  = "./tests/fixtures/agents"
}

run "created" {
  command = plan

  assert {
    condition     = toset(keys(aws_cloudformation_stack.agent)) == toset(["researcher", "analyst", "writer"])
    error_message = "A runtime is made for each agent that no ARN is given for."
  }

  assert {
    condition = alltrue([
      for stack in aws_cloudformation_stack.agent :
      jsondecode(stack.template_body).Resources.Endpoint.Properties.AgentRuntimeVersion == { "Fn::GetAtt" = ["Runtime", "AgentRuntimeVersion"] }
    ])
    error_message = "The endpoint names a version, and moves when the runtime with the new image is there."
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.agent["writer"].template_body).Resources.Runtime.Properties.EnvironmentVariables == {
      ARTIFACT_BUCKET = "aegis-dev-artifacts-123456789012"
      AWS_REGION      = "us-east-1"
      ENVIRONMENT     = "dev"
      LOG_LEVEL       = "DEBUG"
    }
    error_message = "An agent is told what its program reads."
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.agent["writer"].template_body).Resources.Runtime.Properties.LifecycleConfiguration.MaxLifetime == 3600
    error_message = "A session ends when its step's time does."
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.agent["writer"].template_body).Resources.Runtime.Properties.LifecycleConfiguration.IdleRuntimeSessionTimeout == 60
    error_message = "A session of an agent that is done does not stay."
  }

  assert {
    condition     = alltrue([for name in values(local.agent_runtime_names) : can(regex("^[a-zA-Z][a-zA-Z0-9_]{0,47}$", name))])
    error_message = "Names of runtimes are as AgentCore takes them."
  }

  assert {
    condition = alltrue([
      for agent, arn in local.agent_arns : arn == "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/mock-aaaaaaaaaa/runtime-endpoint/live"
    ])
    error_message = "Dispatchers invoke the endpoint, not the runtime."
  }

  assert {
    condition = one([
      for statement in jsondecode(module.dispatcher["writer"].policy).Statement : statement.Resource if statement.Sid == "RunAgent"
      ]) == [
      "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/mock-aaaaaaaaaa",
      "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/mock-aaaaaaaaaa/runtime-endpoint/live",
    ]
    error_message = "A dispatcher may use that endpoint and no other."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.agent_runtime["writer"].policy).Statement : statement.Action])) == toset([
      "ecr:BatchGetImage",
      "ecr:GetAuthorizationToken",
      "ecr:GetDownloadUrlForLayer",
      "logs:CreateLogGroup",
      "logs:CreateLogStream",
      "logs:DescribeLogGroups",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
    ])
    error_message = "AgentCore may do more or less with an agent's role than it was given on purpose."
  }

  assert {
    condition = alltrue([
      for agent, role in aws_iam_role.agent :
      jsondecode(role.assume_role_policy).Statement[0].Condition == {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        ArnLike      = { "aws:SourceArn" = "arn:aws:bedrock-agentcore:us-east-1:123456789012:*" }
      }
    ])
    error_message = "Only this account's AgentCore acts as an agent."
  }
}

run "images" {
  command = plan

  assert {
    condition     = local.agent_images_to_build == toset(["researcher", "analyst", "writer"])
    error_message = "Images are built for runtimes that are made here."
  }

  assert {
    condition     = length(toset(values(local.agent_image_tags))) == 3 && alltrue([for tag in values(local.agent_image_tags) : can(regex("^sha-[0-9a-f]{20}$", tag))])
    error_message = "A tag names the content of its image."
  }

  assert {
    condition     = terraform_data.agent_image["writer"].triggers_replace.content == local.agent_image_digests["writer"]
    error_message = "An image is built when its content changes."
  }
}

run "repositories" {
  command = plan

  assert {
    condition = (
      toset([for repository in aws_ecr_repository.agent : repository.name]) == toset(["aegis-dev-researcher-agent", "aegis-dev-analyst-agent", "aegis-dev-writer-agent"])
      && alltrue([for repository in aws_ecr_repository.agent : repository.image_scanning_configuration[0].scan_on_push])
      && alltrue([for repository in aws_ecr_repository.agent : repository.encryption_configuration[0].encryption_type == "AES256"])
      && alltrue([for repository in aws_ecr_repository.agent : repository.force_delete])
    )
    error_message = "Each agent has a repository that is encrypted and scans what is pushed."
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.agent["writer"].policy).rules[1].selection.countNumber == 20
    error_message = "Old images go."
  }
}

run "brought_by_arn" {
  command = plan

  variables {
    agents = {
      researcher = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc" }
      analyst    = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc/runtime-endpoint/live" }
      writer     = {}
    }
  }

  assert {
    condition     = keys(aws_cloudformation_stack.agent) == ["writer"] && local.agent_images_to_build == toset(["writer"])
    error_message = "What is brought is not made."
  }

  assert {
    condition = one([
      for statement in jsondecode(module.dispatcher["researcher"].policy).Statement : statement.Resource if statement.Sid == "RunAgent"
      ]) == [
      "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc",
      "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc/*",
    ]
    error_message = "A runtime without an endpoint is invoked at any of its endpoints."
  }
}

run "image_built_elsewhere" {
  command = plan

  variables {
    build_agent_images = false
    agents = {
      researcher = { image = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/researcher:7" }
      analyst    = { image = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/analyst:7" }
      writer     = { image = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/writer:7" }
    }
  }

  assert {
    condition     = length(terraform_data.agent_image) == 0 && aws_cloudformation_stack.agent["writer"].parameters.ImageUri == "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/writer:7"
    error_message = "An image that is named is taken, and none is built."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.agent_runtime["writer"].policy).Statement[0].Resource == "arn:aws:ecr:eu-west-1:210987654321:repository/team/writer"
    error_message = "The role may pull from where the image is."
  }
}

run "no_runtime_on_an_emulator" {
  command = plan

  variables {
    aws_endpoint_url = "http://127.0.0.1:4566"
  }

  expect_failures = [terraform_data.rules]
}

run "no_image" {
  command = plan

  variables {
    build_agent_images = false
  }

  expect_failures = [terraform_data.rules]
}

run "no_repository_to_push_to" {
  command = plan

  variables {
    agent_repositories = false
    build_agent_images = true
  }

  expect_failures = [terraform_data.rules]
}

run "no_program" {
  command = plan

  variables {
    agent_dist_dir = "./tests/fixtures"
  }

  expect_failures = [terraform_data.agent_image]
}

run "version_of_a_foreign_runtime" {
  command = plan

  variables {
    agents = {
      researcher = {}
      analyst    = {}
      writer     = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc", version = "3" }
    }
  }

  expect_failures = [terraform_data.rules]
}

run "rehearsal_in_aws" {
  command = plan

  variables {
    rehearsal = true
  }

  expect_failures = [terraform_data.rules]
}

run "rehearsal_of_prod" {
  command = plan

  variables {
    environment      = "prod"
    rehearsal        = true
    aws_endpoint_url = "http://127.0.0.1:4566"
    agents = {
      researcher = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc" }
      analyst    = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc" }
      writer     = { arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc" }
    }
  }

  assert {
    condition     = aws_dynamodb_table.workflows.deletion_protection_enabled && !aws_ecr_repository.agent["writer"].force_delete
    error_message = "A rehearsal is like the real thing."
  }
}

run "protection_lifted" {
  command = plan

  variables {
    environment         = "prod"
    deletion_protection = false
  }

  assert {
    condition     = !aws_dynamodb_table.workflows.deletion_protection_enabled && aws_s3_bucket.artifacts.force_destroy && aws_ecr_repository.agent["writer"].force_delete
    error_message = "prod can be removed once its protection is lifted."
  }
}

run "instant" {
  command = plan

  variables {
    environment           = "staging"
    instant_agents        = true
    instant_agent_latency = "lognormal:p50=2s,p99=10s"
  }

  assert {
    condition     = length(aws_cloudformation_stack.agent) == 0 && length(terraform_data.agent_image) == 0
    error_message = "Where AgentCore's place is taken no runtime is made and no image built."
  }

  assert {
    condition = alltrue([
      for dispatcher in module.dispatcher : contains(keys(dispatcher.environment), "AWS_ENDPOINT_URL_BEDROCK_AGENTCORE")
    ])
    error_message = "Each dispatcher is told where its agents are."
  }

  assert {
    condition     = aws_apigatewayv2_route.token["POST /instant-agents/{path+}"].route_key == "POST /instant-agents/{path+}"
    error_message = "The API has one more route."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.instant_agents[0].policy).Statement : statement.Action if !contains(["WriteOwnLog", "Trace"], statement.Sid)])) == toset([
      "s3:GetObject",
      "s3:ListBucket",
      "s3:PutObject",
    ])
    error_message = "The function writes artifacts and nothing else."
  }
}

run "not_instant" {
  command = plan

  assert {
    condition     = length(module.instant_agents) == 0 && length([for route in aws_apigatewayv2_route.token : route if strcontains(route.route_key, "instant")]) == 0
    error_message = "A stage that nobody loads has no such function and no such route."
  }
}

run "instant_with_a_key" {
  command = plan

  variables {
    instant_agents   = true
    data_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(module.instant_agents[0].policy).Statement : statement.Action if endswith(statement.Sid, "cryptObjects")
    ])) == toset(["kms:Decrypt", "kms:GenerateDataKey"])
    error_message = "Whoever writes artifacts may use the key that encrypts them."
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(module.callback.policy).Statement : statement.Sid == "EncryptObjects"])
    error_message = "Whoever reads them only may not."
  }
}
