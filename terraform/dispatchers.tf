# The three dispatchers: each takes the command of one role and invokes that role's agent runtime.

locals {
  dispatchers = {
    researcher = {
      agent_arn_variable = "RESEARCHER_AGENT_ARN"
      agent_arn          = local.agent_arns["researcher"]
    }
    analyst = {
      agent_arn_variable = "ANALYST_AGENT_ARN"
      agent_arn          = local.agent_arns["analyst"]
    }
    writer = {
      agent_arn_variable = "WRITER_AGENT_ARN"
      agent_arn          = local.agent_arns["writer"]
    }
  }

  # The keys are made by whoever needs them first, and that is the first dispatcher. It may put
  # them there, but not in the place of others. Terraform never sees them.
  # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policy-conditions.html
  make_token_keys_statement = {
    sid       = "MakeTokenKeys"
    actions   = ["ssm:PutParameter"]
    resources = [local.token_keys_parameter_arn]
    condition = { StringNotEqualsIfExists = { "ssm:Overwrite" = ["true"] } }
  }
}

module "dispatcher" {
  source   = "./modules/queue-worker"
  for_each = local.dispatchers

  name                = "${local.name}-${each.key}-dispatch"
  code                = local.code["${each.key}-dispatch"]
  function_defaults   = local.function_settings["${each.key}-dispatch"]
  timeout_seconds     = local.function_settings["${each.key}-dispatch"].timeout_seconds
  max_receive_count   = var.max_receive_count
  batch_size          = var.queue_batch_size
  tls_only            = local.tls_only
  maximum_concurrency = var.dispatch_concurrency

  environment = merge(local.engine_environment, {
    CALLBACK_API_URL                = local.api_base_url
    TOKEN_KEYS_PARAMETER            = local.token_keys_parameter
    (each.value.agent_arn_variable) = each.value.agent_arn
  })
  extra_environment = merge(local.instant_agents_environment, var.extra_lambda_environment)

  # The commands that a dispatcher sends go back to its own queue, which the module lets it do.
  statements = concat(each.key == "researcher" ? [local.make_token_keys_statement] : [], [
    local.change_workflows_statement,
    local.read_requests_statement,
    {
      sid     = "RunAgent"
      actions = ["bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:StopRuntimeSession"]
      # The runtime, and the endpoint that is named or, where none is, all of them.
      resources = [
        split("/runtime-endpoint/", each.value.agent_arn)[0],
        strcontains(each.value.agent_arn, "/runtime-endpoint/") ? each.value.agent_arn : "${each.value.agent_arn}/*",
      ]
    },
    {
      sid       = "TokenKeys"
      actions   = ["ssm:GetParameter"]
      resources = [local.token_keys_parameter_arn]
    },
    local.decrypt_token_keys_statement,
  ])
}
