# Least privilege, as it is planned.

mock_provider "aws" {
  override_during = plan
  source          = "./tests/mocks"
}

variables {
  lambda_dist_dir      = "./tests/fixtures/packages"
  researcher_agent_arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/researcher-abc"
  analyst_agent_arn    = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/analyst-abc"
  writer_agent_arn     = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/writer-abc"
}

run "functions" {
  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(module.intake.policy).Statement : statement.Action])) == toset([
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "s3:GetObject",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ])
    error_message = "intake may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.approval.policy).Statement : statement.Action])) == toset([
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
      "kms:Decrypt",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
      "ssm:GetParameter",
    ])
    error_message = "approval may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.callback.policy).Statement : statement.Action])) == toset([
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "kms:Decrypt",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "s3:GetObject",
      "s3:ListBucket",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
      "ssm:GetParameter",
    ])
    error_message = "callback may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.dispatcher["researcher"].policy).Statement : statement.Action])) == toset([
      "bedrock-agentcore:InvokeAgentRuntime",
      "bedrock-agentcore:StopRuntimeSession",
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "kms:Decrypt",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
      "ssm:GetParameter",
      "ssm:PutParameter",
    ])
    error_message = "researcher-dispatch may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.dispatcher["analyst"].policy).Statement : statement.Action])) == toset([
      "bedrock-agentcore:InvokeAgentRuntime",
      "bedrock-agentcore:StopRuntimeSession",
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "kms:Decrypt",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
      "ssm:GetParameter",
    ])
    error_message = "analyst-dispatch may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.dispatcher["writer"].policy).Statement : statement.Action])) == toset([
      "bedrock-agentcore:InvokeAgentRuntime",
      "bedrock-agentcore:StopRuntimeSession",
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "kms:Decrypt",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
      "ssm:GetParameter",
    ])
    error_message = "writer-dispatch may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.relay.policy).Statement : statement.Action])) == toset([
      "dynamodb:DescribeStream",
      "dynamodb:GetRecords",
      "dynamodb:GetShardIterator",
      "dynamodb:ListStreams",
      "events:PutEvents",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
    ])
    error_message = "relay may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.deadlines.policy).Statement : statement.Action])) == toset([
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "s3:GetObject",
      "s3:ListBucket",
      "sqs:SendMessage",
    ])
    error_message = "deadlines may do more or less than it was given on purpose."
  }

  assert {
    condition = alltrue(flatten([
      for function in [
        module.intake, module.approval, module.callback, module.relay, module.deadlines,
        module.dispatcher["researcher"], module.dispatcher["analyst"], module.dispatcher["writer"],
      ] : [for statement in jsondecode(function.policy).Statement : [for resource in flatten([statement.Resource]) : resource != "*"]]
    ]))
    error_message = "Every statement names its resources."
  }

  assert {
    condition = alltrue([
      for role in ["researcher", "analyst", "writer"] :
      flatten([for statement in jsondecode(module.dispatcher[role].policy).Statement : statement.Resource if statement.Sid == "RunAgent"]) == [
        "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/${role}-abc",
        "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/${role}-abc/*",
      ]
    ])
    error_message = "A dispatcher runs its own agent only."
  }
}

run "agents" {
  command = plan

  assert {
    condition = alltrue([
      for role, policy in aws_iam_role_policy.agent :
      [for statement in jsondecode(policy.policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")] == ["arn:aws:s3:::mock/workflows/*/${role}/*"]
    ])
    error_message = "An agent writes below its own role only."
  }

  assert {
    condition     = length(jsondecode(aws_iam_role.agent["writer"].assume_role_policy).Statement) == 1
    error_message = "By default only AgentCore assumes an agent's role."
  }
}

run "agents_run_by_others" {
  command = plan

  variables {
    agent_role_trusted_arns = ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user/host"]
  }

  assert {
    condition     = jsondecode(aws_iam_role.agent["writer"].assume_role_policy).Statement[1].Principal.AWS == ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user/host"]
    error_message = "The named principals may assume an agent's role."
  }
}

run "our_source_is_kept_for_relay" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_cloudwatch_event_bus_policy.own_source[0].policy).Statement :
      statement.Effect == "Deny" && statement.Condition.StringEquals["events:source"] == "aegis.workflow"
    ])
    error_message = "The bus refuses our source from anybody but relay."
  }
}
