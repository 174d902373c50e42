#!/usr/bin/env bash
# Feeds the readers of bytes from outside by libFuzzer (clang 14), under the address and undefined-behaviour sanitizers.
#
#   tools/fuzz.sh TARGET MINUTES [SEED]     one reader, from its kept inputs on; without a TARGET, lists them
#   tools/fuzz.sh all MINUTES [SEED]        each in turn, for so many minutes
#   tools/fuzz.sh corpus                    every kept input once (seconds)
#   tools/fuzz.sh keep TARGET               what was found since joins the kept inputs where it reaches something new
#
# An input may take 5 seconds and 1 GB. What takes more, leaks, crashes or behaves undefined goes to build/fuzz/findings/TARGET; new
# inputs go to build/fuzz/inputs/TARGET. A finding is kept as tests/fuzz/corpus/TARGET/NAME once it is mended.
set -euo pipefail
cd "$(dirname "$0")/.."
kept=tests/fuzz/corpus found=build/fuzz/findings inputs=build/fuzz/inputs
mapfile -t targets < <(ls "$kept")
target=${1:-} minutes=${2:-} seed=${3:-1}

usage() {
  sed -n 's/^#   //p' "$0" >&2
  echo "targets: ${targets[*]}" >&2
  exit 2
}

is_target() { [[ " ${targets[*]} " == *" $1 "* ]]; }

# Readers work on files: in memory, where that can be.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then TMPDIR=$(mktemp -d /dev/shm/ballast_fuzz_XXXXXX); else TMPDIR=$(mktemp -d); fi
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# Memory is what the sanitizer counts of ours; what it keeps of freed blocks is not.
export ASAN_OPTIONS=quarantine_size_mb=16:allocator_may_return_null=0:detect_leaks=1
export UBSAN_OPTIONS=print_stacktrace=1

build() {
  cmake --preset fuzz >/dev/null && cmake --build --preset fuzz --target ballast_fuzz >"$TMPDIR/build" 2>&1 || { tail -40 "$TMPDIR/build" >&2; exit 1; }
}

limits=(-rss_limit_mb=1024 -malloc_limit_mb=1024 -timeout=5 -report_slow_units=5 -close_fd_mask=1 -print_final_stats=1 -print_funcs=0)

# fuzz TARGET: libFuzzer's last words, and the findings, if there are any.
fuzz() {
  local name=$1 status=0
  mkdir -p "$found/$name" "$inputs/$name"
  BALLAST_READER=$name build/fuzz/ballast_fuzz "${limits[@]}" -max_total_time=$((minutes * 60)) -seed="$seed" \
    -artifact_prefix="$found/$name/" "$inputs/$name" "$kept/$name" >"$found/$name.log" 2>&1 || status=$?
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found/$name.log") inputs in $minutes min"
  [ "$status" = 0 ] && return
  grep -E 'ERROR|runtime error|SUMMARY|what\(\)|Test unit written' "$found/$name.log" | head -12 >&2
  echo "$name: a finding, in $found/$name (log: $found/$name.log)" >&2
  return 1
}

case $target in
  corpus)
    build
    bad=0
    for name in "${targets[@]}"; do
      BALLAST_READER=$name build/fuzz/ballast_fuzz "${limits[@]}" "$kept/$name"/* >"$TMPDIR/log" 2>&1 || { tail -40 "$TMPDIR/log" >&2; bad=1; }
      echo "$name: $(find "$kept/$name" -type f | wc -l) inputs"
    done
    exit $bad
    ;;
  keep)
    is_target "$minutes" || usage
    build
    BALLAST_READER=$minutes build/fuzz/ballast_fuzz "${limits[@]}" -merge=1 "$kept/$minutes" "$inputs/$minutes"
    ;;
  all)
    [[ $minutes =~ ^[1-9][0-9]*$ ]] || usage
    build
    bad=0
    for name in "${targets[@]}"; do fuzz "$name" || bad=1; done
    exit $bad
    ;;
  *)
    is_target "$target" && [[ $minutes =~ ^[1-9][0-9]*$ ]] || usage
    build
    fuzz "$target"
    ;;
esac
