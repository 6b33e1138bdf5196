# shellcheck shell=bash
# Words for the person at the terminal. On standard error, so that outputs can be piped.

say() { printf '%s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# ask QUESTION: anything but yes ends the script.
ask() {
    [[ $assume_yes == true ]] && return
    [[ -t 0 ]] || fail "there is no terminal to ask at: say --yes"
    local answer
    read -r -p "$1 [y/N] " answer
    [[ $answer == [yY] || $answer == [yY][eE][sS] ]] || fail 'nothing was changed'
}

# Files that hold what a plan knows go with the script, however it ends.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
