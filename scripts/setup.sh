#!/usr/bin/env bash
# Finds or installs what development needs; a second run finds everything and changes nothing.
#   scripts/setup.sh            everything
#   scripts/setup.sh packages   Node and npm packages only
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "✗ $1"
  shift
  for line in "$@"; do say "  $line"; done
  exit 1
}

# Runs a command quietly, with a line every ten seconds, so that it never looks like a hang; shows its end if it fails.
with_progress() {
  local label=$1 started=$SECONDS next=10 log pid
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    ((SECONDS - started < next)) && continue
    say "  … $label: $((SECONDS - started)) s"
    next=$((next + 10))
  done
  if ! wait "$pid"; then
    tail -n 10 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  say "✓ $label ($((SECONDS - started)) s)"
}

# Prints the command that installs a system package, in this system's words; empty if no known package manager is there.
install_command() {
  local package=$1 # git, redis, ssh or sshd
  if command -v apt-get >/dev/null; then
    case $package in redis) package=redis-server ;; ssh) package=openssh-client ;; sshd) package=openssh-server ;; esac
    echo "apt-get install -y --no-install-recommends $package"
  elif command -v dnf >/dev/null; then
    case $package in redis) package=valkey ;; ssh) package=openssh-clients ;; sshd) package=openssh-server ;; esac
    echo "dnf install -y $package"
  elif command -v apk >/dev/null; then
    case $package in git) package="git git-daemon" ;; ssh) package=openssh-client ;; sshd) package=openssh-server ;; esac
    echo "apk add $package"
  elif command -v pacman >/dev/null; then
    case $package in redis) package=valkey ;; ssh | sshd) package=openssh ;; esac
    echo "pacman -S --noconfirm $package"
  elif command -v brew >/dev/null; then
    case $package in ssh | sshd) package=openssh ;; esac
    echo "brew install $package"
  fi
}

# Runs an installation with the rights it needs; fails if this user cannot get them without a password.
as_root() {
  if [ "$(id -u)" = 0 ] || [ "${1:-}" = brew ]; then
    "$@"
  elif sudo -n true 2>/dev/null; then
    sudo -n --preserve-env=DEBIAN_FRONTEND,RUNLEVEL "$@"
  else
    return 1
  fi
}

install_package() {
  local package=$1 what=$2 command
  command=$(install_command "$package")
  [ -n "$command" ] || fail "$what is missing, and no known package manager is here." "Install it by hand, then run this again."
  # Only the binary is wanted: in runlevel 1 Debian's packages start no service.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  # shellcheck disable=SC2086 # the command is a list of words
  if with_progress "install $what" as_root $command; then return; fi
  if [[ $command == apt-get* ]]; then
    # shellcheck disable=SC2086
    if with_progress "update the package lists" as_root apt-get update && with_progress "install $what" as_root $command; then return; fi
  fi
  [ "$(id -u)" = 0 ] || fail "$what is missing, and installing it needs root." "Run as root: $command"
  fail "$what could not be installed; the lines above say why." "Without a network, install it from a mirror of yours: $command"
}

has_git() { command -v git >/dev/null && [ -x "$(git --exec-path)/git-http-backend" ]; }
has_redis() { command -v redis-server >/dev/null || command -v valkey-server >/dev/null; }
has_ssh() { command -v ssh >/dev/null && command -v ssh-keygen >/dev/null; }
has_sshd() { [ -x /usr/sbin/sshd ] || [ -x /usr/local/sbin/sshd ] || [ -x /usr/bin/sshd ]; }

ensure_system_packages() {
  if ! has_git; then install_package git "git (with git http-backend)"; fi
  has_git || fail "git http-backend is missing in $(git --exec-path)." "Install the full git package (Alpine: git-daemon)."
  if ! has_redis; then install_package redis "redis-server or valkey-server"; fi
  has_redis || fail "neither redis-server nor valkey-server is on PATH after the installation."
  if ! has_ssh; then install_package ssh "OpenSSH's client (for ssh:// repositories)"; fi
  has_ssh || fail "ssh or ssh-keygen is not on PATH after the installation."
  if ! has_sshd; then install_package sshd "OpenSSH's server (the tests start it on a port of their own)"; fi
  has_sshd || fail "sshd is neither in /usr/sbin nor in /usr/local/sbin nor in /usr/bin after the installation."
}

# npm writes node_modules/.package-lock.json at the end of every installation, so its age tells whether one is due.
packages_are_current() {
  [ -x node_modules/.bin/node ] && [ node_modules/.package-lock.json -nt package-lock.json ]
}

ensure_packages() {
  packages_are_current && return
  command -v node >/dev/null && command -v npm >/dev/null || fail "node and npm are missing: npm installs everything else, Node 24 included." \
    "Install Node 20 or newer: https://nodejs.org/en/download (Debian: apt-get install -y nodejs npm)"
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || fail "Node $(node --version) is too old to run npm: it must be 20 or newer." "See https://nodejs.org/en/download"
  # Not `npm ci`: it refuses a lockfile whose registry served the binaries of some platforms only. This keeps the lockfile
  # as it is and installs exactly what it names.
  with_progress "install npm packages" npm install --no-save --no-progress --loglevel=error ||
    fail "npm could not install the packages; the lines above say why." \
      "Without a network, point npm at a registry that you can reach: npm config set registry <url>"
  node_modules/.bin/node --version >/dev/null || fail "the Node 24 that npm installed does not run on this system."
  touch node_modules/.package-lock.json
}

ensure_packages
[ "${1:-all}" = packages ] && exit
ensure_system_packages
if [ -z "${KUBEBUILDER_ASSETS:-}" ]; then test/control-plane/build.sh >/dev/null; fi
test/control-plane/build-helm.sh >/dev/null
