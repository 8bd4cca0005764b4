#!/usr/bin/env bash
# Builds the flux command line from its Go module, once, into the user's cache, and prints the path of the binary.
# Only the tests need it: they show that it works against Hawser. The first build takes three to five minutes.
# `--find` never builds: it prints the path if the binary is there, and fails otherwise.
set -euo pipefail
tool=flux
version=v2.9.4
takes="three to five minutes"
source "$(dirname "$0")/build-once.sh"

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

build_once "$@"
