#!/usr/bin/env bash
# The built program installed into an empty folder: a project outside the tree builds against it, the manual page and the
# completions are whole, and the Debian package holds them. Needs a finished build.
#
#   tests/package/package_test.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "$1")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$place/prefix" >/dev/null
ballast=$place/prefix/bin/ballast
"$ballast" --version >/dev/null || fail "the installed program does not run"

cmake -S examples/library -B "$place/outside" -G Ninja -DCMAKE_PREFIX_PATH="$place/prefix" >/dev/null
cmake --build "$place/outside" >/dev/null || fail "examples/library does not build against the installed library"
# A linear classifier: the true radius is (140/255 - 1/2) * 8 = 0.392, and 100,000 samples certify a bit less.
[[ $("$place/outside/brightness") =~ ^class\ 1,\ radius\ 0\.3[78] ]] || fail "examples/library prints $("$place/outside/brightness")"

page=$place/prefix/share/man/man1/ballast.1
commands=$("$ballast" --help | sed -n '/^Commands$/,/^$/ s/^  \([a-z][a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 20 ] || fail "ballast --help lists the commands $commands"
for command in $commands; do
  grep -q "^\.SS ballast $command\$" "$page" || fail "$command is not in the manual page"
  COMP_WORDS=(ballast "$command" --) COMP_CWORD=2
  source "$place/prefix/share/bash-completion/completions/ballast"
  _ballast
  [[ " ${COMPREPLY[*]} " == *" --help "* ]] || fail "bash does not complete ballast $command --"
done
COMP_WORDS=(ballast certify --bound p) COMP_CWORD=3
_ballast
[ "${COMPREPLY[*]}" = pb ] || fail "bash completes ballast certify --bound p to ${COMPREPLY[*]}"
if [ -d "$place/prefix/lib/python3" ]; then
  PYTHONPATH=$place/prefix/lib/python3/dist-packages /usr/bin/python3 -c 'import ballast; assert ballast.__version__' || fail "import ballast"
fi
if command -v man >/dev/null; then
  warnings=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)
  [ -z "$warnings" ] || fail "the manual page: $warnings"
fi

tools/sbom.py "$ballast" "$place/bill.json"
/usr/bin/python3 - "$place/bill.json" <<'BILL' || fail "the list of what the program consists of"
import json, sys
bill = json.load(open(sys.argv[1]))
assert bill["spdxVersion"] == "SPDX-2.3", bill["spdxVersion"]
by_name = {package["name"]: package for package in bill["packages"]}
assert any(name.startswith("libdnnl") and package["versionInfo"] for name, package in by_name.items()), by_name
assert "nlohmann-json3-dev" in by_name and by_name["ballast"]["licenseDeclared"] == "Apache-2.0", by_name
known = {"SPDXRef-DOCUMENT"} | {package["SPDXID"] for package in bill["packages"]}
assert len(known) == len(bill["packages"]) + 1, "an identifier is there twice"
for relation in bill["relationships"]:
    assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= known, relation
BILL
tests/package/hardening_test.sh "$ballast"

if command -v dpkg-shlibdeps >/dev/null; then
  export SOURCE_DATE_EPOCH=1700000000
  for folder in deb again; do
    (cd "$place" && umask 022 && cpack --config "$build/CPackConfig.cmake" -B "$place/$folder" >/dev/null) || fail "cpack"
    sleep 1
  done
  cmp "$place"/deb/*.deb "$place"/again/*.deb || fail "the same build packed twice is not the same package"
  package=$(ls "$place"/deb/*.deb)
  dpkg-deb --contents "$package" >"$place/contents"
  for file in usr/bin/ballast usr/share/man/man1/ballast.1 usr/share/ballast/models/fashion-mnist-0.25.onnx cmake/ballast/ballastConfig.cmake \
              usr/include/ballast/smooth/certify.hpp; do
    grep -q "$file" "$place/contents" || fail "the package lacks $file"
  done
  dpkg-deb --field "$package" Depends | grep -q libdnnl || fail "the package does not depend on oneDNN"
else
  echo "no dpkg-dev: the Debian package was not made"
fi
echo "the installed program, library, pages and package are whole"
