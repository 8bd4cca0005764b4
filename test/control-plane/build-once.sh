# Builds a program once into the user's cache; sourced by the scripts that say how. They set `tool`, `version` and `takes`
# (such as "one to three minutes") and define `build`, which writes the program to "$work/$tool"; then they call this:
#   build_once "$@"   prints the program's path; with `--find` never builds, and fails if the program is not there

say() { printf '%s\n' "$*" >&2; }

build_once() {
  local cache="${HAWSER_TOOLS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/hawser}/$tool-$version"
  local builder next=10 started
  if [ ! -x "$cache/$tool" ]; then
    [ "${1:-}" = --find ] && exit 1
    if ! command -v go >/dev/null; then
      say "$tool $version is built from its Go module, and there is no 'go' on PATH."
      say "Install Go 1.26 or newer (https://go.dev/dl), or put a $tool binary at $cache/$tool."
      exit 1
    fi
    mkdir -p "$cache"
    # One builder at a time; a second caller waits for the first and then finds the program there.
    exec 9>"$cache/.lock"
    flock 9
  fi
  if [ ! -x "$cache/$tool" ]; then
    say "Building $tool $version once into $cache ($takes)"
    started=$SECONDS
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    build >"$work/log" 2>&1 &
    builder=$!
    while kill -0 "$builder" 2>/dev/null; do
      sleep 0.5
      ((SECONDS - started < next)) && continue
      say "  … build $tool: $((SECONDS - started)) s"
      next=$((next + 10))
    done
    if ! wait "$builder"; then
      say "✗ build $tool failed:"
      tail -n 20 "$work/log" >&2
      exit 1
    fi
    mv "$work/$tool" "$cache/$tool"
    say "✓ build $tool ($((SECONDS - started)) s)"
  fi
  printf '%s\n' "$cache/$tool"
}
