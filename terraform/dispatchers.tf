# A dispatcher for each agent: it takes the commands for that agent and invokes the agent's runtime. One program serves all.

module "dispatcher" {
  source   = "./modules/queue-worker"
  for_each = var.agents

  name                = "${local.name}-${each.key}-dispatch"
  code                = local.code["dispatch"]
  function_defaults   = local.function_settings["${each.key}-dispatch"]
  timeout_seconds     = local.function_settings["${each.key}-dispatch"].timeout_seconds
  max_receive_count   = var.max_receive_count
  batch_size          = var.queue_batch_size
  tls_only            = local.tls_only
  maximum_concurrency = local.dispatch_concurrency[each.key]

  environment = merge(local.engine_environment, {
    AGENT                                             = each.key
    CALLBACK_API_URL                                  = local.api_base_url
    TOKEN_KEYS_PARAMETER                              = local.token_keys_parameter
    "${upper(replace(each.key, "-", "_"))}_AGENT_ARN" = local.agent_arns[each.key]
  })
  extra_environment = merge(local.instant_agents_environment, var.extra_lambda_environment)

  # No right to send commands: what a dispatcher owes is sent by the sweep.
  statements = [
    local.change_workflows_statement,
    local.read_requests_statement,
    {
      sid     = "RunAgent"
      actions = ["bedrock-agentcore:InvokeAgentRuntime", "bedrock-agentcore:StopRuntimeSession"]
      # The runtime, and the endpoint that is named or, where none is, all of them.
      resources = [
        split("/runtime-endpoint/", local.agent_arns[each.key])[0],
        strcontains(local.agent_arns[each.key], "/runtime-endpoint/") ? local.agent_arns[each.key] : "${local.agent_arns[each.key]}/*",
      ]
    },
    {
      sid       = "TokenKeys"
      actions   = ["ssm:GetParameter"]
      resources = [local.token_keys_parameter_arn]
    },
    # The keys are made by the dispatcher that needs them first. It may put them there, but not in the place of others.
    # Terraform never sees them.
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policy-conditions.html
    {
      sid       = "MakeTokenKeys"
      actions   = ["ssm:PutParameter"]
      resources = [local.token_keys_parameter_arn]
      condition = { StringNotEqualsIfExists = { "ssm:Overwrite" = ["true"] } }
    },
    local.decrypt_token_keys_statement,
  ]
}

locals {
  dispatch_concurrency = { for agent, settings in var.agents : agent => coalesce(settings.concurrency, var.dispatch_concurrency) }
}
