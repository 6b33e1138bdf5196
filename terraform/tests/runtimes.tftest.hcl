# The template of the agents' runtimes. `cargo xtask test terraform` puts the template of each of these runs before cfn-lint.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  lambda_dist_dir = "./tests/fixtures/packages"
  agent_dist_dir  = "./tests/fixtures/agents"
}

run "platform" {
  command = plan

  assert {
    condition     = alltrue([for stack in aws_cloudformation_stack.agent : jsondecode(stack.template_body).Resources.Runtime.Properties.PlatformVersion == "V1"])
    error_message = "Runtimes stay on the platform that was tried, whatever AgentCore's default becomes."
  }

  assert {
    condition     = alltrue([for agent, pause in terraform_data.agent_role_is_known : pause.triggers_replace.policy == aws_iam_role_policy.agent_runtime[agent].policy])
    error_message = "A runtime waits until AWS knows what its role may do, also after a change of that."
  }
}

run "newer_platform" {
  command = plan

  variables {
    agent_platform_version = "V2"
  }

  assert {
    condition     = alltrue([for stack in aws_cloudformation_stack.agent : jsondecode(stack.template_body).Resources.Runtime.Properties.PlatformVersion == "V2"])
    error_message = "Runtimes move to the platform that is named."
  }
}

run "platform_of_agentcore_s_choice" {
  command = plan

  variables {
    agent_platform_version = null
  }

  assert {
    condition     = alltrue([for stack in aws_cloudformation_stack.agent : !contains(keys(jsondecode(stack.template_body).Resources.Runtime.Properties), "PlatformVersion")])
    error_message = "null leaves the choice to AgentCore."
  }
}

run "version_held" {
  command = plan

  variables {
    agents = { researcher = {}, analyst = {}, writer = { version = "3" } }
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.agent["writer"].template_body).Resources.Endpoint.Properties.AgentRuntimeVersion == "3"
    error_message = "The endpoint stays with the version that it is told."
  }

  assert {
    condition     = jsondecode(aws_cloudformation_stack.agent["analyst"].template_body).Resources.Endpoint.Properties.AgentRuntimeVersion != "3"
    error_message = "The others move on."
  }
}

run "in_a_network" {
  command = plan

  variables {
    agent_network = { subnet_ids = ["subnet-0a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] }
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.agent["writer"].template_body).Resources.Runtime.Properties.NetworkConfiguration == {
      NetworkMode       = "VPC"
      NetworkModeConfig = { Subnets = ["subnet-0a1b2c3d"], SecurityGroups = ["sg-0a1b2c3d"] }
    }
    error_message = "Agents run in the network that is named."
  }
}
