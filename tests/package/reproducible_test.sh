#!/usr/bin/env bash
# The Debian package, built from nothing in two folders of other names: equal bytes.
#
#   tests/package/reproducible_test.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export CCACHE_DISABLE=1 SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
for folder in one another/folder; do
  mkdir -p "$place/$folder"
  git archive HEAD | tar -x -C "$place/$folder"
  (cd "$place/$folder" && tools/package.sh plain "$place/$folder/packages" >"$place/output" 2>&1) || { tail -20 "$place/output"; exit 1; }
  sleep 1
done
cmp "$place"/one/packages/*.deb "$place"/another/folder/packages/*.deb || { echo "FAILED: the packages differ" >&2; exit 1; }
sha256sum "$place"/one/packages/*.deb | sed "s# .*/# #"
