#!/usr/bin/env bash
# Builds one agent's image and pushes it. Terraform runs it when the content of the image changes.
#
# REPOSITORY_URL   the agent's ECR repository
# IMAGE_TAG        names the content; an image under this tag is never built again
# AGENT_BINARY     the program, from `cargo xtask package --agents`
# IMAGE_PLATFORM   such as linux/arm64
# IMAGE_REGION     region of the repository
set -euo pipefail

fail() {
    printf 'agent image: %s\n' "$*" >&2
    exit 1
}

for name in REPOSITORY_URL IMAGE_TAG AGENT_BINARY IMAGE_PLATFORM IMAGE_REGION; do
    [[ -n ${!name:-} ]] || fail "$name is not set"
done
[[ -f $AGENT_BINARY ]] || fail "$AGENT_BINARY is missing: run \`cargo xtask package --agents\`"
for program in docker aws; do
    command -v "$program" >/dev/null || fail "$program is not installed; set build_agent_images = false to do without"
done

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
registry=${REPOSITORY_URL%%/*}
repository=${REPOSITORY_URL#*/}

aws ecr get-login-password --region "$IMAGE_REGION" |
    docker login --username AWS --password-stdin "$registry" >/dev/null

# The same content may have been pushed before: by another state, or before a change was taken back.
found=$(aws ecr describe-images --region "$IMAGE_REGION" --repository-name "$repository" \
    --image-ids "imageTag=$IMAGE_TAG" --query 'length(imageDetails)' --output text 2>/dev/null) || found=0
if [[ $found == 1 ]]; then
    docker buildx imagetools create --tag "$REPOSITORY_URL:latest" "$REPOSITORY_URL:$IMAGE_TAG"
    exit 0
fi

# Nothing but the program is sent to the builder.
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$AGENT_BINARY" "$context/agent"

docker buildx build \
    --platform "$IMAGE_PLATFORM" \
    --provenance=false \
    --file "$here/Dockerfile" \
    --tag "$REPOSITORY_URL:$IMAGE_TAG" \
    --tag "$REPOSITORY_URL:$(date -u +%Y%m%dT%H%M%SZ)" \
    --tag "$REPOSITORY_URL:latest" \
    --push \
    "$context"
