#!/usr/bin/env bash
# How a release program is made: hard to make use of where it has a fault.
#
#   tests/package/hardening_test.sh PROGRAM
set -euo pipefail
program=$1
fail() { echo "FAILED: $*" >&2; exit 1; }
headers=$(readelf --wide --file-header --program-headers "$program")
dynamic=$(readelf --wide --dynamic "$program")
symbols=$(readelf --wide --dyn-syms "$program")
grep -q 'Type: *DYN' <<<"$headers" || fail "it is not loaded at an address of chance"
grep -q GNU_RELRO <<<"$headers" || fail "the loader's tables stay writable"
grep -Eq '(FLAGS.*BIND_NOW|FLAGS_1.*NOW)' <<<"$dynamic" || fail "functions are bound late"
grep GNU_STACK <<<"$headers" | grep -q 'RWE' && fail "the stack may be executed"
grep -q 'LOAD.* RWE ' <<<"$headers" && fail "memory is both written and executed"
grep -q __stack_chk_fail <<<"$symbols" || fail "stacks are not guarded"
grep -Eq '__(read|memcpy|recv|vsnprintf|snprintf|realpath|longjmp|fdelt)_chk' <<<"$symbols" || fail "calls of the C library do not know the sizes of their buffers"
grep -Eq 'R(UN)?PATH' <<<"$dynamic" && fail "it looks for libraries in a folder of its own"
echo "guarded stacks, sizes of buffers, read-only tables, an address of chance"
