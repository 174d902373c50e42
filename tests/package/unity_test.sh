#!/usr/bin/env bash
# Compiled as one, the files of a part call what they call when each is compiled by itself: a name of one file does not take the place of
# another part's for the rest.
#
#   tests/package/unity_test.sh BUILD_AS_ONE BUILD_APART
set -euo pipefail
calls() {  # of a library: Ballast's functions that it does not hold itself
  nm --demangle --undefined-only "$1" 2>/dev/null | sed -n 's/^ *U \(ballast::.*\)/\1/p' | sort -u |
    comm -23 - <(nm --demangle --defined-only "$1" 2>/dev/null | sed -n 's/^[0-9a-f]* [A-Za-z] \(ballast::.*\)/\1/p' | sort -u)
}
compared=0
for library in "$1"/src/libballast_*.a "$1"/src/cli/libballast_cli.a; do
  other=$2/${library#"$1"/}
  [ -f "$other" ] || continue
  diff <(calls "$library") <(calls "$other") || { echo "FAILED: $(basename "$library"): < as one, > apart" >&2; exit 1; }
  compared=$((compared + 1))
done
[ "$compared" -gt 0 ] || { echo "FAILED: the builds have no library in common" >&2; exit 1; }
echo "$compared parts call the same"
