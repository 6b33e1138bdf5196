# shellcheck shell=bash
# What has to be on this machine.

# S3 keeps a lock itself since this version.
readonly oldest_terraform=1.5.0 oldest_terraform_remote=1.10.0

problems=0

present() { say "  ok       $1"; }

missing() {
    say "  MISSING  $1"
    say "           $2"
    problems=$((problems + 1))
}

later() {
    say "  note     $1"
    say "           $2"
}

has() { command -v "$1" >/dev/null 2>&1; }

# at_least OLDEST FOUND
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

terraform_version() { terraform version 2>/dev/null | sed -n 's/^Terraform v\([0-9][0-9.]*\).*/\1/p'; }

uses_remote_state() { [[ -n $remote_state || -f backend.tf ]]; }

check_terraform() {
    local oldest=$oldest_terraform found
    uses_remote_state && oldest=$oldest_terraform_remote
    found=$(has terraform && terraform_version) || found=''
    if [[ -z $found ]]; then
        missing 'terraform' "install $oldest or newer: https://developer.hashicorp.com/terraform/install"
    elif at_least "$oldest" "$found"; then
        present "terraform $found"
    else
        missing "terraform $oldest or newer; this is $found" 'https://developer.hashicorp.com/terraform/install'
    fi
}

check_aws() {
    if ! has aws; then
        later 'aws, the command line of AWS' \
            'needed to push images, to keep the state in S3 and to destroy: https://aws.amazon.com/cli/'
        return
    fi
    present 'aws'
    if aws sts get-caller-identity >"$scratch/identity" 2>&1; then
        present 'credentials for AWS'
        check_concurrency
    else
        missing "credentials for AWS: $(tail -n 1 "$scratch/identity")" 'aws configure, aws sso login, or AWS_PROFILE'
    fi
}

# settings PROGRAM [OPTION...]: an awk program over the defaults and, later, the files of settings. Without Terraform, because
# nothing may be initialised yet. In a line that starts a value of the variable `name`, `starts` is true.
settings() {
    local -a files=(variables.tf)
    local file program=$1
    shift
    for file in terraform.tfvars "$environment.tfvars" "${var_files[@]}"; do
        [[ ! -f $file ]] || files+=("$file")
    done
    awk "$@" '
        /^variable "/ { variable = $2 }
        {
            starts = FILENAME == "variables.tf" \
                ? variable == "\"" name "\"" && /^  default *=/ \
                : $0 ~ "^[[:space:]]*" name "[[:space:]]*="
        }
        '"$program" "${files[@]}"
}

# setting NAME: a text without spaces, or a number.
setting() {
    # shellcheck disable=SC2016 # The dollars are awk's.
    settings 'starts { sub(/^[^=]*=[[:space:]]*"?/, ""); sub(/[^A-Za-z0-9-].*/, ""); value = $0 } END { printf "%s", value }' \
        -v name="$1"
}

# How many agents there are, and how many invocations their dispatchers may take together. Within the map `agents`, an agent is
# a brace of the second level, and a concurrency of its own stands there.
dispatchers() {
    # shellcheck disable=SC2016 # The dollars are awk's.
    settings '
        function own(text) {
            if (depth == 2 && match(text, /concurrency[[:space:]]*=[[:space:]]*[0-9]+/)) {
                text = substr(text, RSTART, RLENGTH)
                sub(/.*[^0-9]/, "", text)
                taken += text - general
            }
        }
        starts { inside = 1; depth = agents = taken = 0 }
        inside {
            sub(/#.*/, "")
            while (match($0, /[{}]/)) {
                brace = substr($0, RSTART, 1)
                rest = substr($0, RSTART + 1)
                own(substr($0, 1, RSTART - 1))
                depth += brace == "{" ? 1 : -1
                if (brace == "{" && depth == 2) {
                    agents++
                    taken += general
                }
                if (depth == 0) inside = 0
                $0 = rest
            }
            own($0)
        }
        END { print agents, taken }' -v name=agents -v general="$(setting dispatch_concurrency)"
}

# A new account has 10. The dispatchers may take them all, and then the API answers 503.
check_concurrency() {
    local in_region limit agents taken least=4 fits
    in_region=$(setting aws_region)
    read -r agents taken <<<"$(dispatchers)"
    limit=$(aws lambda get-account-settings --region "$in_region" \
        --query AccountLimit.ConcurrentExecutions --output text 2>"$scratch/quota") || limit=''
    if [[ ! $limit =~ ^[0-9]+$ ]]; then
        later "how many functions may run at once in $in_region cannot be read: $(tail -n 1 "$scratch/quota")" \
            'needed is lambda:GetAccountSettings; a new account has 10, and dispatch_concurrency should then be 2'
    elif ((taken + least > limit)); then
        fits=$(((limit - least) / (agents > 0 ? agents : 1)))
        later "Lambda runs $limit functions at once in $in_region, and the dispatchers may take $taken: the API would have too few" \
            "set dispatch_concurrency = $((fits < 2 ? 2 : fits)) and no reserved_concurrency, or ask for more:"
        say "           aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000 --region $in_region"
    else
        present "Lambda runs $limit functions at once in $in_region; the dispatchers take $taken of them at most"
    fi
}

check_builds() {
    if [[ $skip_build == true ]]; then
        return
    elif has cargo; then
        present 'cargo'
    else
        missing 'cargo' 'install Rust: https://rustup.rs; or bring packages and say --skip-build'
    fi
    if has python3 && python3 -c 'import venv, ensurepip' 2>/dev/null; then
        present 'python3 with venv'
    else
        missing 'python3 with venv' 'for the linker: apt-get install python3 python3-venv, or your system'\''s own'
    fi
}

check_docker() {
    if has docker && docker buildx version >/dev/null 2>&1; then
        present 'docker with buildx'
    else
        later 'docker with buildx' \
            'needed to build the agents'\'' images: https://docs.docker.com/engine/install/; or build_agent_images = false'
    fi
}

check_files() {
    if [[ -f terraform.tfvars || ${#var_files[@]} -gt 0 ]]; then
        present 'settings'
    else
        later 'no terraform.tfvars: the defaults are taken' 'cp terraform.tfvars.example terraform.tfvars'
    fi
}

check_prerequisites() {
    say 'What this machine has:'
    check_terraform
    check_aws
    check_builds
    check_docker
    check_files
    ((problems == 0)) || fail "$problems missing"
    say 'Ready.'
}

# Before a stage is touched: only what every verb needs.
require_for_stage() {
    has terraform || fail 'terraform is missing; see ./deploy.sh check'
    if uses_remote_state; then
        at_least "$oldest_terraform_remote" "$(terraform_version)" ||
            fail "state in S3 needs Terraform $oldest_terraform_remote or newer"
    fi
}

require_aws() { has aws || fail "$1 needs the command line of AWS: https://aws.amazon.com/cli/"; }
