# shellcheck shell=bash
# Shell functions of deploy/quickstart and tests/run. Sourced by bash with `set -euo pipefail`, in the project's root.

say() { printf '== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

readonly kPackages=deploy/packages

# The lines of a list, without comments.
entries() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$kPackages/$1"; }

is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

are_installed() {
    local package
    for package in "$@"; do is_installed "$package" || return 1; done
}

# An entry of a list is there already: `a`, `a | b`, `a have:command`.
is_satisfied() {
    local word
    for word in $1; do
        case $word in
        '|') ;;
        have:*) command -v "${word#have:}" >/dev/null && return 0 ;;
        *) is_installed "$word" && return 0 ;;
        esac
    done
    return 1
}

# Runs a command as root. Everything that apt does goes through here.
as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "packages are missing (${wanted:-}), and this is neither root nor a user with sudo. As root: apt-get install ${wanted:-}"
    fi
}

# Once a run, and only when something is missing.
update_apt() {
    [[ -z ${apt_is_fresh:-} ]] || return 0
    command -v apt-get >/dev/null ||
        die "packages are missing (${wanted:-}), and there is no apt here. Install what $kPackages lists, by its names on your system."
    say "apt-get update"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq ||
        die "apt-get update failed; the packages that are missing: ${wanted:-}"
    apt_is_fresh=yes
}

apt_has() {
    local package
    for package in "$@"; do
        [[ $(apt-cache policy "$package" 2>/dev/null) == *"Candidate: "[^\(]* ]] || return 1
    done
}

# The package to install for an entry: the first that apt has.
resolve() {
    local word
    for word in $1; do
        [[ $word == '|' || $word == have:* ]] && continue
        if apt_has "$word"; then
            printf '%s\n' "$word"
            return 0
        fi
    done
    die "apt has none of: $1 (of $kPackages); turngate needs Debian 12 or a later Ubuntu"
}

# A server that comes along with a package is not to be started by its installation.
apt_install() (
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    log=$(as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "$@" 2>&1) ||
        die "apt-get install failed: $log"
)

# install_missing LIST...: what is missing of these lists, and nothing else. Does not touch apt when nothing is.
install_missing() {
    local list entry package
    local -a missing=() packages=()
    for list in "$@"; do
        while read -r entry; do
            is_satisfied "$entry" || missing+=("$entry")
        done < <(entries "$list")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    local wanted="${missing[*]%% *}"
    update_apt
    for entry in "${missing[@]}"; do
        package=$(resolve "$entry")
        packages+=("$package")
    done
    say "installing (may take some minutes): ${packages[*]}"
    apt_install "${packages[@]}"
}

# use_compiler LINE: a line of the list, installed by now.
use_compiler() {
    compiler=${1%%:*}
    [[ $compiler == clang++-19 ]] || say "note: building with $compiler; clang++-19 is the one that turngate is tested with"
}

install_compiler() {
    say "installing (may take some minutes):${1#*:}"
    # shellcheck disable=SC2086 # a list of words
    apt_install ${1#*:}
    use_compiler "$1"
}

# Sets `compiler`: the best of the list if it is here or apt has it, else any that is here, else any that apt has.
choose_compiler() {
    local line
    local -a lines
    mapfile -t lines < <(entries compilers)
    local best=${lines[0]}
    local wanted=${best#*: }
    # shellcheck disable=SC2086
    if ! are_installed ${best#*:} && apt_has ${best#*:}; then
        install_compiler "$best"
        return
    fi
    for line in "${lines[@]}"; do
        # shellcheck disable=SC2086
        if are_installed ${line#*:}; then
            use_compiler "$line"
            return
        fi
    done
    update_apt
    for line in "${lines[@]}"; do
        # shellcheck disable=SC2086
        if apt_has ${line#*:}; then
            install_compiler "$line"
            return
        fi
    done
    die "apt has none of the compilers in $kPackages/compilers: clang 16 or later, or g++ 13 or later"
}

# build PRESET [cmake option]...: configures and builds with the compiler chosen.
build() {
    local preset=$1 log
    shift
    log=$(cmake --preset "$preset" -DCMAKE_CXX_COMPILER="$compiler" "$@" 2>&1) || die "cmake failed: $log"
    cmake --build --preset "$preset"
}

# step NAME COMMAND...: runs it and says how long it took.
step() {
    local name=$1 began=$SECONDS
    shift
    say "$name"
    "$@"
    say "$name: $((SECONDS - began)) s"
}

# is_taken HOST PORT: somebody accepts connections there.
is_taken() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# http_status HOST:PORT PATH: the status of a GET, nothing if there is no answer.
http_status() {
    (
        exec 3<>"/dev/tcp/${1%:*}/${1##*:}" || exit 1
        printf 'GET %s HTTP/1.1\r\nhost: %s\r\nconnection: close\r\n\r\n' "$2" "$1" >&3
        read -r -t 5 _ status _ <&3 && printf '%s\n' "$status"
    ) 2>/dev/null || true
}

# wait_until SECONDS COMMAND...: asks ten times a second.
wait_until() {
    local tries=$(($1 * 10))
    shift
    while ! "$@"; do
        ((tries-- > 0)) || return 1
        sleep 0.1
    done
}
