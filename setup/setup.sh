#!/bin/sh
# Sets up an appliance on this machine, or in a folder: setup.sh --help
#
# Finds a Python of 3.11 or newer, or installs one as root, and hands over to it. Everything else
# is Python's: this file knows no appliance, and of the differences between distributions only the
# commands that bring a Python (systems.toml has the rest; a test holds the two together).
set -eu

# A stranger's folder on root's PATH must not choose the interpreter. Others may have theirs.
PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}"
[ "$(id -u)" -ne 0 ] || PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export PATH
# The agent's own user reads what root writes here; secrets are closed one by one.
umask 022

# A customer starts this through a link in /opt/<app>.
start="$(dirname -- "$(readlink -f -- "$0")")/start.py"

plan=no
offline=no
for word in "$@"; do
    case "$word" in
        --plan | --help | -h) plan=yes ;;
        --offline) offline=yes ;;
    esac
done

fail() {
    printf 'error: %s\n' "$1" >&2
    printf '  try: %s\n' "$2" >&2
    exit 20
}

new_enough() {
    "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# The distribution's own comes first: its python3-systemd was built for that one.
find_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        python=$(command -v "$name" || true)
        if [ -n "$python" ] && new_enough "$python"; then
            return 0
        fi
    done
    return 1
}

# The argument list that brings a Python, as the rest of this file's "$@".
install_python() {
    refresh=true
    if command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
        # At first boot unattended upgrades and cloud-init want the same lock. It ends with its
        # holder, so waiting is right and deleting never is.
        wait="DPkg::Lock::Timeout=600"
        set -- apt-get install --yes --quiet --no-install-recommends -o "$wait"
        # Asked of the system and not of apt, which knows no package before its first update.
        # shellcheck disable=SC1091  # not ours to check
        case "$(. /etc/os-release && printf %s "${ID:-}-${VERSION_ID:-}")" in
            ubuntu-22.04) set -- "$@" python3.11 python3.11-venv ;;
            *) set -- "$@" python3 python3-venv ;;
        esac
        [ "$plan" = yes ] || refresh="apt-get update --quiet -o $wait"
    elif command -v dnf >/dev/null; then
        set -- dnf install --assumeyes --quiet --setopt=install_weak_deps=False \
            --setopt=exit_on_lock=False python3.11 python3.11-pip
    else
        fail "there is no Python 3.11 or newer, and neither apt-get nor dnf to install it with" \
            "install Python 3.11 or newer, then run setup again"
    fi
    if [ "$plan" = yes ]; then
        printf 'There is no Python 3.11 or newer here. Setup would run: %s\n' "$*"
        printf 'What comes after that can be planned once it is there. Nothing was changed.\n'
        exit 0
    fi
    if [ "$offline" = yes ]; then
        fail "there is no Python 3.11 or newer, and --offline forbids fetching it" "$*"
    fi
    if [ "$(id -u)" -ne 0 ]; then
        fail "there is no Python 3.11 or newer, and only root can install it" "sudo $*"
    fi
    printf 'python … installing: %s\n' "$*"
    # An old list of packages may still do; a missing one shows in the next command.
    $refresh >/dev/null 2>&1 || true
    "$@" >/dev/null || fail "could not install Python" "$*"
    find_python || fail "there is still no Python 3.11 or newer" "python3 --version"
}

find_python || install_python
exec "$python" -I -B "$start" "$@"
