# shellcheck shell=bash
# Where the state is, and which stage's.

readonly backend_file=backend.tf

region() { printf '%s' "${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}"; }

make_state_bucket() {
    local bucket=$1 region
    region=$(region)
    require_aws '--remote-state'
    if aws s3api head-bucket --bucket "$bucket" >/dev/null 2>&1; then
        return
    fi
    ask "Make the bucket $bucket in $region for the state?"
    local -a place=()
    [[ $region == us-east-1 ]] || place=(--create-bucket-configuration "LocationConstraint=$region")
    aws s3api create-bucket --bucket "$bucket" --region "$region" "${place[@]}" >/dev/null
    # A state holds every name and setting: private, encrypted, and no version of it is lost.
    aws s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
        BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    aws s3api put-bucket-versioning --bucket "$bucket" --versioning-configuration Status=Enabled
    aws s3api put-bucket-encryption --bucket "$bucket" --server-side-encryption-configuration \
        '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'
    # An emulator speaks http.
    if [[ ${AWS_ENDPOINT_URL:-} != http://* ]]; then
        local partition
        partition=$(aws sts get-caller-identity --query Arn --output text | cut -d : -f 2)
        aws s3api put-bucket-policy --bucket "$bucket" --policy \
            "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"RefusePlaintext\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":[\"arn:$partition:s3:::$bucket\",\"arn:$partition:s3:::$bucket/*\"],\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}]}"
    fi
    say "The bucket $bucket is there: private, versioned, encrypted."
}

write_backend() {
    cat >"$backend_file" <<TEXT
# Written by ./deploy.sh --remote-state. Each workspace, which is each environment, has its own state in the bucket.
terraform {
  backend "s3" {
    bucket       = "$1"
    key          = "aegis/terraform.tfstate"
    region       = "$(region)"
    encrypt      = true
    use_lockfile = true
$([[ ${AWS_ENDPOINT_URL:-} != http://* ]] || printf '    use_path_style = true\n')
  }
}
TEXT
    terraform fmt "$backend_file" >/dev/null
}

init_terraform() {
    if [[ -n $remote_state ]]; then
        [[ $remote_state =~ ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$ ]] || fail "$remote_state is no name of a bucket"
        make_state_bucket "$remote_state"
        write_backend "$remote_state"
    fi
    # A state that is here already moves into the bucket.
    local -a move=()
    [[ -z $remote_state ]] || move=(-migrate-state -force-copy)
    if ! terraform init -input=false -no-color "${move[@]}" >"$scratch/init" 2>&1; then
        cat "$scratch/init" >&2
        fail 'terraform init failed'
    fi
}

# What the scripts ask Terraform about the settings.
declare -rA expressions=(
    [environment]='var.environment'
    [architecture]='var.lambda_architecture'
    [packages]='var.lambda_dist_dir'
    [images]='join(" ", local.agent_images_to_build)'
    [programs]='var.agent_dist_dir'
    [name]='local.name'
    [protected]='local.is_protected'
    [parameters]='format("/%s/%s", var.name_prefix, var.environment)'
    [region]='var.aws_region'
    [runtimes]='join(" ", [for agent in keys(local.created_agents) : local.agent_runtime_names[agent]])'
)
declare -A settings=()

# Settings as Terraform sees them: defaults, files, TF_VAR_ and all. One call for all of them, because Terraform takes
# seconds to begin. It answers with a line for each, between those of a here-document.
read_settings() {
    ((${#settings[@]} == 0)) || return 0
    local list text number
    local -a names=("${!expressions[@]}") values
    list=$(printf '%s, ' "${expressions[@]}")
    text=$(terraform console "${variables[@]}" <<<"join(\"\\n\", [$list])" 2>"$scratch/console") || {
        # Once it has said which setting is refused, the console breaks down.
        sed '/TERRAFORM CRASH/,$d' "$scratch/console" >&2
        fail "the settings cannot be read"
    }
    mapfile -t values <<<"$text"
    ((${#values[@]} == ${#names[@]} + 2)) || fail "the settings cannot be read: $text"
    for number in "${!names[@]}"; do
        settings[${names[number]}]=${values[number + 1]}
    done
}

variables=()

select_stage() {
    local file
    [[ -z $environment || ! -f $environment.tfvars ]] || variables+=("-var-file=$environment.tfvars")
    for file in "${var_files[@]}"; do
        variables+=("-var-file=$file")
    done
    if [[ -n $environment ]]; then
        variables+=(-var "environment=$environment")
    else
        read_settings
        environment=${settings[environment]}
    fi
    # One workspace for each environment: no stage is ever planned against the state of another.
    terraform workspace select -or-create=true "$environment" >"$scratch/workspace" 2>&1 || {
        cat "$scratch/workspace" >&2
        fail "there is no workspace for $environment"
    }
}
