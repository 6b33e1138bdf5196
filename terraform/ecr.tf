# A repository for the images of each agent.

resource "aws_ecr_repository" "agent" {
  for_each = var.agent_repositories ? var.agents : {}

  #checkov:skip=CKV_AWS_51:`latest` moves. What runs is named by digest, so no tag decides it.
  #checkov:skip=CKV_AWS_136:images hold no data of users; ECR encrypts them with a key of its own.
  name                 = "${local.name}-${each.key}-agent"
  image_tag_mutability = "MUTABLE"
  force_delete         = !local.is_protected

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }

  depends_on = [terraform_data.rules]
}

# The images that a runtime may be set back to stay; the rest goes.
resource "aws_ecr_lifecycle_policy" "agent" {
  for_each = aws_ecr_repository.agent

  repository = each.value.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Forget images that lost their last tag."
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Keep the newest images."
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.agent_images_kept }
        action       = { type = "expire" }
      },
    ]
  })
}
