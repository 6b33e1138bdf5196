#!/usr/bin/env bash
# Checks, plans, deploys, shows, tests and removes one stage of the platform. `./deploy.sh help` says how.
set -euo pipefail

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
    echo "error: bash 4.4 or newer is needed; this is $BASH_VERSION" >&2
    exit 1
fi
cd "$(dirname "${BASH_SOURCE[0]}")"

# Version 1 of the command line of AWS knows only the second of these names.
[[ -z ${AWS_REGION:-} ]] || export AWS_DEFAULT_REGION=$AWS_REGION

# shellcheck source=scripts/say.sh
source scripts/say.sh
# shellcheck source=scripts/prerequisites.sh
source scripts/prerequisites.sh
# shellcheck source=scripts/state.sh
source scripts/state.sh
# shellcheck source=scripts/stage.sh
source scripts/stage.sh

usage() {
    cat <<'TEXT'
usage: ./deploy.sh VERB [OPTION...]

  check      say what is missing on this machine, and how to get it
  plan       build, then show what a deployment would change
  deploy     build, show the changes, ask, and apply them
  outputs    print the outputs of the deployed stage; --json for aegis' --stage
  test       run one workflow on the deployed stage, from its topic to the report
  destroy    remove the stage with all its data, after asking
  help       print this

  --environment NAME    dev, staging or prod. NAME.tfvars is read too where it is there, and the state is
                        that of the Terraform workspace NAME. Default: what terraform.tfvars says
  --var-file FILE       a further file of variables; may be given more than once
  --remote-state BUCKET keep the state in this S3 bucket, made if it is missing. Once is enough:
                        backend.tf remembers it
  --skip-build          take the packages and programs that are there
  --yes                 do not ask. To destroy a protected stage, AEGIS_DESTROY has to name it
  --json                with outputs: as JSON
TEXT
}

environment=''
var_files=()
remote_state=''
skip_build=false
assume_yes=false
as_json=false

read_options() {
    while (($# > 0)); do
        case $1 in
        --environment | --var-file | --remote-state)
            (($# > 1)) || fail "$1 wants a value"
            case $1 in
            --environment) environment=$2 ;;
            --var-file)
                [[ -f $2 ]] || fail "there is no file $2"
                var_files+=("$2")
                ;;
            --remote-state) remote_state=$2 ;;
            esac
            shift
            ;;
        --skip-build) skip_build=true ;;
        --yes) assume_yes=true ;;
        --json) as_json=true ;;
        *) fail "$1 is not known; see ./deploy.sh help" ;;
        esac
        shift
    done
    case $environment in
    '' | dev | staging | prod) ;;
    *) fail "--environment is dev, staging or prod" ;;
    esac
}

# What every verb needs that looks at a stage.
enter_stage() {
    require_for_stage
    init_terraform
    select_stage
}

main() {
    local verb=${1:-help}
    (($# == 0)) || shift
    read_options "$@"
    case $verb in
    check) check_prerequisites ;;
    plan)
        enter_stage
        build_stage
        plan_changes
        ;;
    deploy)
        enter_stage
        build_stage
        deploy_changes
        ;;
    outputs)
        enter_stage
        show_outputs
        ;;
    test)
        enter_stage
        test_stage
        ;;
    destroy)
        enter_stage
        destroy_stage
        ;;
    help | --help | -h) usage ;;
    *) fail "$verb is no verb; see ./deploy.sh help" ;;
    esac
}

# The last line, so that a script that is changed while it runs does not go on in the middle of something else.
main "$@"
