# The agents' images, built and pushed during apply. Like the functions' packages they are made of files that the build
# has left in a folder, and they change exactly when those do.

locals {
  # AgentCore runs nothing else.
  agent_platform = "linux/arm64"

  agent_dockerfile = "${path.module}/agent-image/Dockerfile"
  agent_binaries   = { for agent in keys(var.agents) : agent => "${var.agent_dist_dir}/${agent}-agent" }

  # Built elsewhere.
  given_agent_images = { for agent, settings in var.agents : agent => settings.image if settings.image != null }

  # true: of every agent; null: of those that need one.
  agent_image_wanted = {
    for agent in keys(var.agents) :
    agent => coalesce(var.build_agent_images, contains(keys(local.created_agents), agent) && !local.is_local)
  }

  agent_images_to_build = toset([
    for agent, wanted in local.agent_image_wanted : agent
    if var.agent_repositories && wanted && !contains(keys(local.given_agent_images), agent)
  ])

  # Of the content alone: neither names nor times of files.
  agent_image_digests = {
    for agent in local.agent_images_to_build : agent => sha256(jsonencode({
      dockerfile = filesha256(local.agent_dockerfile)
      binary     = try(filesha256(local.agent_binaries[agent]), "missing")
      platform   = local.agent_platform
    }))
  }

  agent_image_tags = { for agent, digest in local.agent_image_digests : agent => "sha-${substr(digest, 0, 20)}" }
}

resource "terraform_data" "agent_image" {
  for_each = local.agent_images_to_build

  triggers_replace = {
    content    = local.agent_image_digests[each.key]
    repository = aws_ecr_repository.agent[each.key].repository_url
  }

  provisioner "local-exec" {
    command = "bash '${path.module}/agent-image/build.sh'"

    environment = {
      REPOSITORY_URL = aws_ecr_repository.agent[each.key].repository_url
      IMAGE_TAG      = local.agent_image_tags[each.key]
      AGENT_BINARY   = local.agent_binaries[each.key]
      IMAGE_PLATFORM = local.agent_platform
      IMAGE_REGION   = var.aws_region
    }
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.agent_binaries[each.key])
      error_message = "${local.agent_binaries[each.key]} is missing: for an agent that ships run `cargo xtask package --agents`, or set build_agent_images = false; give another one its image or arn."
    }
  }
}

# Tags can be moved; a digest names one image for ever.
data "aws_ecr_image" "agent" {
  for_each = toset([for agent in local.agent_images_to_build : agent if contains(keys(local.created_agents), agent)])

  repository_name = aws_ecr_repository.agent[each.key].name
  image_tag       = local.agent_image_tags[each.key]

  depends_on = [terraform_data.agent_image]
}

locals {
  agent_image_uris = merge(
    { for agent, image in data.aws_ecr_image.agent : agent => "${aws_ecr_repository.agent[agent].repository_url}@${image.image_digest}" },
    local.given_agent_images,
  )
}
