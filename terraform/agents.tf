# The agents' roles. What an agent may read and write follows from the steps that name it: it writes the artifacts of its own
# steps, and reads those of the steps that they name in `reads`. Keys are
# workflows/<flow>/<workflow>/<step>[/<branch>]/<attempt>/<file>.

locals {
  # The flows that are in the packages.
  flows_dir = "${var.lambda_dist_dir}/flows"

  # Every step and approval of every version of every flow, also those that run at once. A step with branches reads the
  # step that says how many there are.
  flow_entries = flatten([
    for file in fileset(local.flows_dir, "*/*.json") : [
      for place, entry in jsondecode(file("${local.flows_dir}/${file}")).steps : [
        for number, step in try(entry.parallel, [entry]) : {
          file  = file
          place = "${file}: steps[${place}]${can(entry.parallel) ? ".parallel[${number}]" : ""}"
          flow  = dirname(file)
          step  = try(step.step, null)
          agent = try(step.agent, null)
          reads = concat(try(step.reads, []), try([step.each], []))
          shows = try(step.shows, null)
        }
      ]
    ]
  ])

  unknown_agents = [
    for entry in local.flow_entries : "${entry.place}.agent is \"${entry.agent}\""
    if entry.agent == null ? false : !contains(keys(var.agents), entry.agent)
  ]

  written_keys = {
    for agent in keys(var.agents) : agent => distinct([
      for entry in local.flow_entries : "workflows/${entry.flow}/*/${entry.step}/*" if entry.agent == agent
    ])
  }

  read_keys = {
    for agent, settings in var.agents : agent => distinct(concat(settings.reads_sources ? ["sources/*"] : [], flatten([
      for entry in local.flow_entries : [for step in entry.reads : "workflows/${entry.flow}/*/${step}/*"] if entry.agent == agent
    ])))
  }
}

resource "aws_iam_role" "agent" {
  for_each = var.agents

  name = "${local.name}-${each.key}-agent"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "AgentCore"
        Effect    = "Allow"
        Principal = { Service = "bedrock-agentcore.amazonaws.com" }
        Action    = "sts:AssumeRole"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account_id }
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:bedrock-agentcore:${var.aws_region}:${local.account_id}:*" }
        }
      }],
      length(var.agent_role_trusted_arns) == 0 ? [] : [{
        Sid       = "Trusted"
        Effect    = "Allow"
        Principal = { AWS = var.agent_role_trusted_arns }
        Action    = "sts:AssumeRole"
      }],
    )
  })

  depends_on = [terraform_data.rules]
}

# An agent that no flow names has nothing to read or write.
resource "aws_iam_role_policy" "agent" {
  for_each = { for agent, keys in local.written_keys : agent => keys if length(keys) > 0 }

  name = "artifacts"
  role = aws_iam_role.agent[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "OwnArtifacts"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = [for key in each.value : "${aws_s3_bucket.artifacts.arn}/${key}"]
      }],
      [for keys in [local.read_keys[each.key]] : {
        Sid      = "Input"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for key in keys : "${aws_s3_bucket.artifacts.arn}/${key}"]
      } if length(keys) > 0],
      [{
        Sid      = "List"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.artifacts.arn
        Condition = {
          StringLike = { "s3:prefix" = concat(var.agents[each.key].reads_sources ? ["sources/*"] : [], each.value) }
        }
      }],
    )
  })
}

resource "aws_iam_role_policy" "agent_spans" {
  # checkov:skip=CKV_AWS_355:X-Ray knows no resources to narrow this to.
  for_each = var.export_spans ? var.agents : {}

  name = "spans"
  role = aws_iam_role.agent[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Spans"
      Effect   = "Allow"
      Action   = "xray:PutTraceSegments"
      Resource = "*"
    }]
  })
}
