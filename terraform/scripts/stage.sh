# shellcheck shell=bash
# What is done to a stage.

# absolute FOLDER: seen from here, where Terraform runs.
absolute() {
    case $1 in
    /*) printf '%s' "$1" ;;
    *) printf '%s/%s' "$PWD" "$1" ;;
    esac
}

build_stage() {
    [[ $skip_build == false ]] || return 0
    has cargo || fail 'cargo is missing; see ./deploy.sh check'
    read_settings
    local architecture=${settings[architecture]} agents=${settings[images]} packages programs
    packages=$(absolute "${settings[packages]}")
    say "Build the functions for $architecture"
    (cd .. && cargo xtask package --architecture "$architecture" --out "$packages")
    [[ -n $agents ]] || return 0
    programs=$(absolute "${settings[programs]}")
    has docker || fail "docker is missing for the images of: $agents; see ./deploy.sh check"
    require_aws 'Pushing images'
    say "Build the programs of the agents"
    (cd .. && cargo xtask package --agents --architecture arm64 --out "$programs")
}

# make_plan [ARGUMENT...]: leaves it in $scratch/plan; 0: nothing to do, 2: changes.
make_plan() {
    local code=0
    terraform plan -input=false -no-color -detailed-exitcode -parallelism=32 -out="$scratch/plan" \
        "${variables[@]}" "$@" >"$scratch/plan.log" 2>&1 || code=$?
    if ((code == 1)); then
        cat "$scratch/plan.log" >&2
        fail 'the plan failed; nothing was changed'
    fi
    return "$code"
}

# One line for each change, then how many there are.
summarize_plan() {
    say "Changes to $environment:"
    sed -n -e 's/^  # \(.* \(will be\|must be\|has moved\).*\)/  \1/p' -e '/^Plan: /p' "$scratch/plan.log" >&2
}

apply_plan() { terraform apply -input=false -no-color -parallelism=32 "$scratch/plan" >&2; }

plan_changes() {
    local code=0
    make_plan || code=$?
    if ((code == 0)); then
        say "$environment is as the configuration says."
        return
    fi
    terraform show -no-color "$scratch/plan"
    summarize_plan
}

deploy_changes() {
    local code=0
    make_plan || code=$?
    if ((code == 0)); then
        say "$environment is as the configuration says."
        return
    fi
    summarize_plan
    ask "Apply them?"
    apply_plan
    say "$environment is deployed."
    show_outputs
}

show_outputs() {
    if [[ $as_json == true ]]; then
        terraform output -json -no-color
    else
        terraform output -no-color
    fi
}

test_stage() {
    has cargo || fail 'cargo is missing; see ./deploy.sh check'
    terraform output -json -no-color >"$scratch/outputs.json"
    say "Run one workflow on $environment"
    (cd .. && cargo aegis run --stage "$scratch/outputs.json" --depth quick --approve \
        'Impact of quantum computing on cryptography')
}

# What is protected has to be named, and is unlocked by an apply before it is destroyed.
confirm_destruction() {
    local name=$1 protected=$2 answer
    say "This removes $name: every workflow, artifact, log and image of it."
    if [[ $protected != true ]]; then
        ask 'Remove it?'
        return
    fi
    if [[ $assume_yes == true ]]; then
        answer=${AEGIS_DESTROY:-}
    else
        [[ -t 0 ]] || fail 'there is no terminal to ask at: say --yes and name the stage in AEGIS_DESTROY'
        read -r -p "Type $name to remove it: " answer
    fi
    [[ $answer == "$name" ]] || fail "$name was not named; nothing was changed"
}

lift_protection() {
    say 'Lift the protection from deletion'
    make_plan -var deletion_protection=false \
        -target=aws_dynamodb_table.workflows -target=aws_s3_bucket.artifacts -target=aws_ecr_repository.agent || true
    apply_plan
}

# The platform makes these itself, so that no state holds them.
delete_keys() {
    local path=$1 in_region=$2 names
    names=$(aws ssm get-parameters-by-path --region "$in_region" --path "$path" --recursive \
        --query 'Parameters[].Name' --output text)
    [[ -n $names && $names != None ]] || return 0
    local -a list
    read -r -a list <<<"$names"
    local start
    # Ten at a time is what the call takes.
    for ((start = 0; start < ${#list[@]}; start += 10)); do
        aws ssm delete-parameters --region "$in_region" --names "${list[@]:start:10}" >/dev/null
    done
    say "${#list[@]} keys deleted below $path"
}

# Neither are the agents' log groups in a state: AgentCore makes them.
delete_agent_logs() {
    local in_region=$1 runtime groups group
    shift
    for runtime in "$@"; do
        groups=$(aws logs describe-log-groups --region "$in_region" \
            --log-group-name-prefix "/aws/bedrock-agentcore/runtimes/$runtime-" \
            --query 'logGroups[].logGroupName' --output text)
        for group in ${groups/None/}; do
            aws logs delete-log-group --region "$in_region" --log-group-name "$group"
            say "$group deleted"
        done
    done
}

destroy_stage() {
    require_aws 'Destroying'
    read_settings
    local name=${settings[name]} protected=${settings[protected]} in_region=${settings[region]}
    local -a runtimes
    read -r -a runtimes <<<"${settings[runtimes]}"
    confirm_destruction "$name" "$protected"
    if [[ $protected == true ]]; then
        lift_protection
        variables+=(-var deletion_protection=false)
    fi
    make_plan -destroy || true
    apply_plan
    delete_keys "${settings[parameters]}" "$in_region"
    delete_agent_logs "$in_region" "${runtimes[@]}"
    say "$name is removed."
}
