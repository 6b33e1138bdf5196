# Least privilege, as it is planned.

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

run "functions" {
  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(module.intake.policy).Statement : statement.Action])) == toset([
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:PutObject",
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
      "sqs:SendMessage",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "intake may do more or less than it was given on purpose."
  }

  assert {
    condition = {
      for statement in jsondecode(module.intake.policy).Statement : statement.Sid => [statement.Action, statement.Resource]
      if strcontains(jsonencode(statement.Action), "s3:")
      } == {
      ReadArtifacts        = [["s3:GetObject"], ["arn:aws:s3:::mock/workflows/*"]]
      SignSources          = [["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::mock/sources/*"]]
      TellMissingArtifacts = [["s3:ListBucket"], ["arn:aws:s3:::mock"]]
    }
    error_message = "intake puts documents below sources/, and no artifact."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.approval.policy).Statement : statement.Action])) == toset([
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
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
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "approval may do more or less than it was given on purpose."
  }

  assert {
    condition = flatten([for statement in jsondecode(module.approval.policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:GetObject")]) == [
      "arn:aws:s3:::mock/workflows/report/*/analyze/*",
      "arn:aws:s3:::mock/workflows/report/*/research/*",
    ]
    error_message = "approval reads what approvers decide on, and no other object."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.callback.policy).Statement : statement.Action])) == toset([
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
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "callback may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.artifacts.policy).Statement : statement.Action])) == toset([
      "dynamodb:GetItem",
      "kms:Decrypt",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:PutObject",
      "ssm:GetParameter",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "artifacts may do more or less than it was given on purpose."
  }

  assert {
    condition = {
      for statement in jsondecode(module.artifacts.policy).Statement : statement.Sid => [statement.Resource, try(statement.Condition.StringLike, {})]
      if strcontains(jsonencode(statement.Action), "s3:")
      } == {
      SignArtifacts = [["arn:aws:s3:::mock/workflows/*"], {}]
      ListArtifacts = [["arn:aws:s3:::mock"], { "s3:prefix" = ["workflows/*"] }]
    }
    error_message = "artifacts reaches what lies below workflows/, and nothing else."
  }

  assert {
    condition     = [for name, function in local.functions : name if strcontains(function.policy, "s3:PutObject")] == ["artifacts", "intake"]
    error_message = "No other function can put an object."
  }

  assert {
    condition = alltrue([
      for dispatcher in module.dispatcher : toset(flatten([for statement in jsondecode(dispatcher.policy).Statement : statement.Action])) == toset([
        "bedrock-agentcore:InvokeAgentRuntime",
        "bedrock-agentcore:StopRuntimeSession",
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
        "ssm:PutParameter",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
      ])
    ])
    error_message = "A dispatcher may do more or less than it was given on purpose."
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
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "relay may do more or less than it was given on purpose."
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(module.deadlines.policy).Statement : statement.Action])) == toset([
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "s3:GetObject",
      "s3:ListBucket",
      "sqs:SendMessage",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ])
    error_message = "deadlines may do more or less than it was given on purpose."
  }

  assert {
    condition = alltrue(flatten([
      for function in local.functions : [for statement in jsondecode(function.policy).Statement : [for resource in flatten([statement.Resource]) : resource != "*"] if statement.Sid != "Trace"]
    ]))
    error_message = "Every statement names its resources, but for those of X-Ray, which has none."
  }

  assert {
    condition = alltrue([
      for agent in keys(var.agents) :
      flatten([for statement in jsondecode(module.dispatcher[agent].policy).Statement : statement.Resource if statement.Sid == "RunAgent"]) == [
        "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/${agent}-abc",
        "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/${agent}-abc/*",
      ]
    ])
    error_message = "A dispatcher runs its own agent only."
  }

  assert {
    condition = alltrue([
      for agent in keys(var.agents) :
      [for statement in jsondecode(module.dispatcher[agent].policy).Statement : statement.Sid if contains(flatten([statement.Action]), "sqs:SendMessage")] == ["SetAside"]
    ])
    error_message = "A dispatcher sends to its own dead-letter queue only."
  }
}

# The dispatchers make the keys of callback tokens, and may not replace them.
run "token_keys" {
  command = plan

  assert {
    condition = [
      for name, function in local.functions : name if contains(flatten([for statement in jsondecode(function.policy).Statement : statement.Action]), "ssm:PutParameter")
    ] == ["analyst-dispatch", "researcher-dispatch", "writer-dispatch"]
    error_message = "Only dispatchers make the keys."
  }

  assert {
    condition = alltrue([for dispatcher in module.dispatcher : [
      for statement in jsondecode(dispatcher.policy).Statement :
      [statement.Resource, statement.Condition] if contains(statement.Action, "ssm:PutParameter")
      ] == [[
        ["arn:aws:ssm:us-east-1:123456789012:parameter/aegis/dev/callback-token-keys"],
        { StringNotEqualsIfExists = { "ssm:Overwrite" = ["true"] } },
    ]]])
    error_message = "They make that one parameter, once."
  }

  assert {
    condition = alltrue(flatten([
      for function in local.functions : [for statement in jsondecode(function.policy).Statement : [for action in flatten([statement.Action]) : !contains(["ssm:DeleteParameter", "ssm:DeleteParameters"], action)]]
    ]))
    error_message = "No function removes the keys."
  }
}

run "commands" {
  command = plan

  assert {
    condition = alltrue([
      for function in [module.intake, module.approval, module.callback, module.deadlines] :
      [for statement in jsondecode(function.policy).Statement : statement.Resource[0] if statement.Sid == "SendCommands"] == ["arn:aws:sqs:us-east-1:123456789012:aegis-dev-*-dispatch"]
    ])
    error_message = "Who may owe a command sends to the dispatchers' queues, of which no list is kept, and to no dead-letter queue."
  }
}

run "agents" {
  command = plan

  assert {
    condition = {
      for agent, policy in aws_iam_role_policy.agent : agent => {
        for statement in jsondecode(policy.policy).Statement : statement.Sid => try(statement.Condition.StringLike["s3:prefix"], statement.Resource)
      }
      } == {
      researcher = {
        OwnArtifacts = ["arn:aws:s3:::mock/workflows/report/*/research/*"]
        Input        = ["arn:aws:s3:::mock/sources/*"]
        List         = ["sources/*", "workflows/report/*/research/*"]
      }
      analyst = {
        OwnArtifacts = ["arn:aws:s3:::mock/workflows/report/*/analyze/*"]
        Input        = ["arn:aws:s3:::mock/workflows/report/*/research/*"]
        List         = ["workflows/report/*/analyze/*"]
      }
      # It serves the step research of the flow digest, and only reads that of the flow report.
      writer = {
        OwnArtifacts = ["arn:aws:s3:::mock/workflows/digest/*/research/*", "arn:aws:s3:::mock/workflows/digest/*/look/*", "arn:aws:s3:::mock/workflows/digest/*/draft/*", "arn:aws:s3:::mock/workflows/digest/*/doubt/*", "arn:aws:s3:::mock/workflows/digest/*/write/*", "arn:aws:s3:::mock/workflows/report/*/write/*"]
        Input        = ["arn:aws:s3:::mock/workflows/digest/*/research/*", "arn:aws:s3:::mock/workflows/digest/*/look/*", "arn:aws:s3:::mock/workflows/report/*/research/*", "arn:aws:s3:::mock/workflows/report/*/analyze/*"]
        List         = ["workflows/digest/*/research/*", "workflows/digest/*/look/*", "workflows/digest/*/draft/*", "workflows/digest/*/doubt/*", "workflows/digest/*/write/*", "workflows/report/*/write/*"]
      }
    }
    error_message = "An agent writes the steps that name it, flow by flow, and reads what they read."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.agent["writer"].policy).Statement : statement.Sid => statement.Action
    } == { OwnArtifacts = ["s3:GetObject", "s3:PutObject"], Input = "s3:GetObject", List = "s3:ListBucket" }
    error_message = "What a step only reads, it cannot write."
  }

  assert {
    condition     = length(jsondecode(aws_iam_role.agent["writer"].assume_role_policy).Statement) == 1
    error_message = "By default only AgentCore assumes an agent's role."
  }
}

run "an_agent_that_no_flow_names" {
  command = plan

  variables {
    agents         = { researcher = {}, analyst = {}, writer = {}, reviewer = { reads_sources = true } }
    agent_dist_dir = "./tests/fixtures"
    instant_agents = true
  }

  assert {
    condition     = contains(keys(aws_iam_role.agent), "reviewer") && !contains(keys(aws_iam_role_policy.agent), "reviewer")
    error_message = "It is made, and has nothing to read or write."
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
    condition = jsondecode(aws_cloudwatch_event_bus_policy.this[0].policy).Statement == [{
      Sid       = "OnlyRelayUsesOurSource"
      Effect    = "Deny"
      Principal = "*"
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:us-east-1:123456789012:event-bus/mock"
      Condition = {
        StringEquals = { "events:source" = "aegis.workflow" }
        ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::123456789012:role/mock" }
      }
    }]
    error_message = "The bus refuses our source from anybody but relay, and lets no other account in."
  }
}

run "other_accounts" {
  command = plan

  variables {
    external_accounts = ["210987654321"]
    external_sources  = ["partner.crm"]
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_bus_policy.this[0].policy).Statement[1] == {
      Sid       = "TakeFromAccounts"
      Effect    = "Allow"
      Principal = { AWS = ["arn:aws:iam::210987654321:root"] }
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:us-east-1:123456789012:event-bus/mock"
      Condition = { StringEquals = {
        "events:source"      = ["partner.crm"]
        "events:detail-type" = ["ApprovalDecided", "StepReported", "WorkflowRequested", "CancelRequested", "RedriveRequested"]
      } }
    }
    error_message = "A named account may send external commands in the name of a named source, and nothing else."
  }

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.external : jsondecode(rule.event_pattern).account == ["123456789012", "210987654321"]])
    error_message = "The rules listen to this account and to the named ones."
  }
}

run "keys_of_ones_own" {
  command = plan

  variables {
    data_kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/data"
  }

  assert {
    condition = [for statement in jsondecode(module.relay.policy).Statement : statement if startswith(flatten([statement.Action])[0], "kms:")] == [{
      Sid    = "UseKeyOfTable"
      Effect = "Allow"
      Action = [
        "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom", "kms:ReEncryptTo",
      ]
      Resource  = ["arn:aws:kms:us-east-1:123456789012:key/data"]
      Condition = { StringEquals = { "kms:ViaService" = ["dynamodb.us-east-1.amazonaws.com"] } }
    }]
    error_message = "Who uses the table may use its key, through DynamoDB only."
  }

  assert {
    condition = [for statement in jsondecode(module.intake.policy).Statement : statement if statement.Sid == "DecryptObjects"] == [{
      Sid       = "DecryptObjects"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = ["arn:aws:kms:us-east-1:123456789012:key/data"]
      Condition = { StringEquals = { "kms:ViaService" = ["s3.us-east-1.amazonaws.com"] } }
    }]
    error_message = "Who reads artifacts may decrypt them, through S3 only."
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(module.relay.policy).Statement : statement.Sid == "DecryptObjects"])
    error_message = "Who reads no artifact may not decrypt any."
  }

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.agent_key : jsondecode(policy.policy).Statement == [{
      Sid       = "KeyOfArtifacts"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "arn:aws:kms:us-east-1:123456789012:key/data"
      Condition = { StringEquals = { "kms:ViaService" = "s3.us-east-1.amazonaws.com" } }
    }]]) && length(aws_iam_role_policy.agent_key) == 3
    error_message = "Agents read and write with the key, through S3 only."
  }
}

run "no_key_of_ones_own" {
  command = plan

  assert {
    condition     = length(aws_iam_role_policy.agent_key) == 0 && !anytrue([for statement in jsondecode(module.intake.policy).Statement : startswith(flatten([statement.Action])[0], "kms:")])
    error_message = "Keys of AWS need no permission."
  }
}

run "no_tracing" {
  command = plan

  variables {
    xray_tracing = false
  }

  assert {
    condition     = !anytrue([for action in flatten([for statement in jsondecode(module.intake.policy).Statement : statement.Action]) : startswith(action, "xray:")])
    error_message = "Who is not traced may not trace."
  }
}

run "only_services_assume_roles" {
  command = plan

  assert {
    condition     = alltrue([for role in aws_iam_role.agent : jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals == { "aws:SourceAccount" = "123456789012" }])
    error_message = "AgentCore assumes an agent's role for this account only."
  }
}
