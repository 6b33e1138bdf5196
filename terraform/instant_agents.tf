# Agents that wait instead of working, in the place of AgentCore: for load tests, where the platform is what is measured.
# The program is loadtest/'s. It does all that a real agent does around its work, with the code of real agents.

locals {
  # Where a dispatcher's SDK looks for AgentCore. It is an API route and not a function URL, because that is invoked with
  # two permissions, one of which the older providers cannot grant.
  # https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
  instant_agents_environment = var.instant_agents ? {
    AWS_ENDPOINT_URL_BEDROCK_AGENTCORE = "${local.api_base_url}/instant-agents"
  } : {}

  # It changes no workflow itself. A task's token is asked about at the callback API before anything is written.
  instant_agents_routes = var.instant_agents ? { "POST /instant-agents/{path+}" = "instant-agents" } : {}
}

module "instant_agents" {
  source = "./modules/function"
  count  = var.instant_agents ? 1 : 0

  name            = "${local.name}-instant-agents"
  code            = local.code["instant-agents"]
  defaults        = local.function_settings["instant-agents"]
  timeout_seconds = local.function_settings["instant-agents"].timeout_seconds

  environment = merge(local.common_environment, {
    ARTIFACT_BUCKET  = aws_s3_bucket.artifacts.bucket
    CALLBACK_API_URL = local.api_base_url
    AGENT_LATENCY    = var.instant_agent_latency
  })

  statements = [
    {
      sid       = "Artifacts"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${aws_s3_bucket.artifacts.arn}/workflows/*"]
    },
    local.tell_missing_artifacts_statement,
  ]
}
