#!/usr/bin/env bash
# Builds helm from its Go module, once, into the user's cache, and prints the path of the binary.
# Only needed to render deploy/install.yaml anew and by the chart's tests. The first build takes one to three minutes.
# `--find` never builds: it prints the path if the binary is there, and fails otherwise.
set -euo pipefail
tool=helm
version=v3.22.0
takes="one to three minutes"
source "$(dirname "$0")/build-once.sh"

build() {
  CGO_ENABLED=0 GOFLAGS= GOBIN="$work" go install -trimpath -ldflags '-s -w' "helm.sh/helm/v3/cmd/helm@$version"
}

build_once "$@"
