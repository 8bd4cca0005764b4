#!/usr/bin/env bash
# Builds the control plane's binaries from Go modules, once, into the user's cache, and prints that folder.
# Progress goes to stderr. FACTS: the first build takes about ten minutes, every later call returns at once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kubernetes=v1.37.2 etcd=v3.7.0 kwok=v0.7.0 kustomize=v5.8.1
cache="${HAWSER_TOOLS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/hawser}/control-plane-$kubernetes-$etcd-$kwok-$kustomize"
say() { printf '%s\n' "$*" >&2; }

# Runs a command while printing a line every ten seconds, so that a long build never looks like a hang.
with_progress() {
  local label=$1 started=$SECONDS log
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 &
  local pid=$! next=10
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.5
    if ((SECONDS - started >= next)); then
      say "  … $label: $((SECONDS - started)) s"
      next=$((next + 10))
    fi
  done
  if ! wait "$pid"; then
    say "✗ $label failed:"
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  say "✓ $label ($((SECONDS - started)) s)"
}

build_from_module() {
  local name=$1 package=$2 flags="-s -w"
  [ -x "$cache/$name" ] && return
  if [[ $package == k8s.io/* ]]; then
    local info=k8s.io/component-base/version
    flags+=" -X $info.gitVersion=$kubernetes -X $info.gitMajor=1 -X $info.gitMinor=37"
  fi
  with_progress "build $name $([[ $package == k8s.io/* ]] && echo "$kubernetes" || echo "$etcd")" \
    env -C "$here" CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -ldflags "$flags" -o "$cache/$name.part" "$package"
  mv "$cache/$name.part" "$cache/$name"
}

install_by_version() {
  local name=$1 package=$2
  [ -x "$cache/$name" ] && return
  local bin
  bin=$(mktemp -d)
  with_progress "build $name ${package##*@}" env CGO_ENABLED=0 GOFLAGS= GOBIN="$bin" go install -trimpath -ldflags '-s -w' "$package"
  mv "$bin/$name" "$cache/$name"
  rmdir "$bin"
}

wanted="etcd kube-apiserver kube-controller-manager kube-scheduler kwok kustomize"
command -v kubectl >/dev/null || wanted+=" kubectl"
missing=""
for name in $wanted; do [ -x "$cache/$name" ] || missing+=" $name"; done
if [ -n "$missing" ]; then
  if ! command -v go >/dev/null; then
    say "The control plane for tests and demo is built from Go modules, and there is no 'go' on PATH."
    say "Install Go 1.26 or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder that holds:$missing"
    exit 1
  fi
  say "Building the control plane once into $cache (about ten minutes on two cores):$missing"
  mkdir -p "$cache"
  # One builder at a time; a second caller waits for the first and then finds everything there.
  exec 9>"$cache/.lock"
  flock 9
  build_from_module etcd go.etcd.io/etcd/server/v3
  build_from_module kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
  build_from_module kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager
  build_from_module kube-scheduler k8s.io/kubernetes/cmd/kube-scheduler
  [[ $wanted == *kubectl* ]] && build_from_module kubectl k8s.io/kubernetes/cmd/kubectl
  install_by_version kustomize "sigs.k8s.io/kustomize/kustomize/v5@$kustomize"
  install_by_version kwok "sigs.k8s.io/kwok/cmd/kwok@$kwok"
fi
printf '%s\n' "$cache"
