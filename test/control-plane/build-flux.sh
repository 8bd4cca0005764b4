#!/usr/bin/env bash
# Builds the flux command line from its Go module, once, into the user's cache, and prints the path of the binary.
# Only the tests need it: they show that it works against Hawser. The first build takes three to five minutes.
# `--find` never builds: it prints the path if the binary is there, and fails otherwise.
set -euo pipefail
version=v2.9.4
cache="${HAWSER_TOOLS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/hawser}/flux-$version"
say() { printf '%s\n' "$*" >&2; }

found() {
  [ -x "$cache/flux" ] || return 1
  printf '%s\n' "$cache/flux"
}

# The program embeds manifests/*.yaml, which a release generates and the module lacks: they are Flux's own controllers,
# for `flux install` and `flux bootstrap`. An empty one takes their place. Go refuses an overlay of its module cache, and
# `go install` the module's replace directives, so it is built from a copy. A version that looks like a development build
# keeps `flux check` from asking GitHub for the latest release.
build() {
  local module
  module=$(GOFLAGS= go mod download -json "github.com/fluxcd/flux2/v2@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  cp -r "$module" "$work/flux2"
  chmod -R u+w "$work/flux2"
  mkdir "$work/flux2/cmd/flux/manifests"
  : >"$work/flux2/cmd/flux/manifests/none.yaml"
  env -C "$work/flux2" CGO_ENABLED=0 GOFLAGS=-mod=readonly nice go build -trimpath -ldflags "-s -w -X main.VERSION=${version#v}-dev" -o "$work/flux" ./cmd/flux
}

found && exit
[ "${1:-}" = --find ] && exit 1
if ! command -v go >/dev/null; then
  say "flux $version is built from its Go module, and there is no 'go' on PATH."
  say "Install Go 1.26 or newer (https://go.dev/dl), or put a flux binary at $cache/flux."
  exit 1
fi

mkdir -p "$cache"
# One builder at a time; a second caller waits for the first and then finds the binary there.
exec 9>"$cache/.lock"
flock 9
found && exit

say "Building flux $version once into $cache (three to five minutes)"
started=$SECONDS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build >"$work/log" 2>&1 &
builder=$!
next=10
while kill -0 "$builder" 2>/dev/null; do
  sleep 0.5
  ((SECONDS - started < next)) && continue
  say "  … build flux: $((SECONDS - started)) s"
  next=$((next + 10))
done
if ! wait "$builder"; then
  say "✗ build flux failed:"
  tail -n 20 "$work/log" >&2
  exit 1
fi
mv "$work/flux" "$cache/flux"
say "✓ build flux ($((SECONDS - started)) s)"
found
