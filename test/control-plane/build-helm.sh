#!/usr/bin/env bash
# Builds helm from its Go module, once, into the user's cache, and prints the path of the binary.
# Only needed to render deploy/install.yaml anew and by the chart's tests. The first build takes one to three minutes.
# `--find` never builds: it prints the path if the binary is there, and fails otherwise.
set -euo pipefail
version=v3.22.0
cache="${HAWSER_TOOLS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/hawser}/helm-$version"
say() { printf '%s\n' "$*" >&2; }

found() {
  [ -x "$cache/helm" ] || return 1
  printf '%s\n' "$cache/helm"
}

found && exit
[ "${1:-}" = --find ] && exit 1
if ! command -v go >/dev/null; then
  say "helm $version is built from its Go module, and there is no 'go' on PATH."
  say "Install Go 1.26 or newer (https://go.dev/dl), or put a helm binary at $cache/helm."
  exit 1
fi

mkdir -p "$cache"
# One builder at a time; a second caller waits for the first and then finds the binary there.
exec 9>"$cache/.lock"
flock 9
found && exit

say "Building helm $version once into $cache (one to three minutes)"
started=$SECONDS
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
CGO_ENABLED=0 GOFLAGS= GOBIN="$bin" go install -trimpath -ldflags '-s -w' "helm.sh/helm/v3/cmd/helm@$version" >"$bin/log" 2>&1 &
builder=$!
next=10
while kill -0 "$builder" 2>/dev/null; do
  sleep 0.5
  ((SECONDS - started < next)) && continue
  say "  … build helm: $((SECONDS - started)) s"
  next=$((next + 10))
done
if ! wait "$builder"; then
  say "✗ build helm failed:"
  tail -n 20 "$bin/log" >&2
  exit 1
fi
mv "$bin/helm" "$cache/helm"
say "✓ build helm ($((SECONDS - started)) s)"
found
