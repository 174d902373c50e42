#!/usr/bin/env bash
# Quick checks before a commit: the layers, licence lines, long lines, marks that a merge left. Formatting where clang-format 14 is
# installed: tools/check.sh --fix formats instead of complaining.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0
sources() { find include src tests bench python -name '*.cpp' -o -name '*.hpp' | sort; }
complain() { echo "$1" >&2; bad=1; }

# A part may include only the parts that src/CMakeLists.txt names after USES, and what those use.
declare -A uses
while read -r name rest; do
  uses[$name]="${uses[$name]:-} $name $(sed -n 's/.*USES \([a-z ]*\).*/\1/p' <<<"$rest")"
done < <(sed -n 's/^ *ballast_part(\([a-z]*\)\(.*\)/\1 \2/p' src/CMakeLists.txt)
closure() {
  local all=" $1 " grown=1 part used
  while [ $grown = 1 ]; do
    grown=0
    for part in $all; do
      for used in ${uses[$part]:-}; do
        [[ $all == *" $used "* ]] || { all+="$used "; grown=1; }
      done
    done
  done
  echo "$all"
}
for part in "${!uses[@]}"; do
  allowed=$(closure "$part")
  while IFS=: read -r file included; do
    [[ $allowed == *" $included "* ]] || complain "$file: the part $part may not include ballast/$included"
  done < <(grep -rHoE '#include "ballast/[a-z]+/' "include/ballast/$part" "src/$part" 2>/dev/null | sed 's|#include "ballast/||; s|/$||')
done

while read -r file; do
  head -2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || complain "$file: no licence line"
done < <(sources)

while read -r file; do
  awk -v file="$file" 'length($0) > 160 { print file ":" NR ": longer than 160 columns"; found = 1 } END { exit found }' "$file" || bad=1
done < <(sources)

left=$(grep -rnE '^(<{7}|>{7}) ' --include='*.md' --include='*.cpp' --include='*.hpp' --include='*.py' --include='*.sh' --include='*.txt' \
  --exclude-dir=build --exclude-dir=node_modules --exclude-dir=.git . || true)
[ -z "$left" ] || complain "a merge left its marks: $left"

while read -r file; do bash -n "$file" || bad=1; done < <(ls tools/*.sh .ci/run)

# Releases format differently, so only the one of Debian 12 decides.
if clang-format --version 2>/dev/null | grep -q "version 14\."; then
  files=$(sources)
  if [ "${1:-}" = --fix ]; then
    # shellcheck disable=SC2086
    clang-format -i $files
  else
    unformatted=$(for file in $files; do clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || echo "$file"; done)
    [ -z "$unformatted" ] || complain "not formatted (tools/check.sh --fix): $(tr '\n' ' ' <<<"$unformatted")"
  fi
fi
exit $bad
