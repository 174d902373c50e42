#!/usr/bin/env bash
# Ranks of an MPI job write the log of one process; a rank or the whole job killed by SIGKILL loses nothing and does nothing twice.
#
#   tests/cluster/mpi_test.sh PROGRAM [rows]      built with BALLAST_MPI; rows: without the kills
set -euo pipefail
cd "$(dirname "$0")/../.."
ballast=$(realpath "$1")
model=$PWD/models/fashion-mnist-0.25.onnx
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
fail() { echo "FAILED: $*" >&2; exit 1; }

# One machine with too few cores, perhaps as root; of Open MPI 4 and 5.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl=^tcp
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe

# A log without its times.
rows() { awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "time") skip = i } { $skip = ""; print }' "$1"; }
same() { cmp <(rows "$1") <(rows "$2") || fail "$2 is not $1"; }

# run RANKS LOG COMMAND OPTION...
run() {
  local ranks=$1 log=$2 command=$3
  shift 3
  local words=("$ballast" "$command" "$model" fashion-mnist "$log" --threads 1 --quiet "$@")
  if [ "$ranks" = 1 ]; then "${words[@]}" >/dev/null; else mpirun -n "$ranks" "${words[@]}" >/dev/null; fi
}

certify=(certify --sigma 0.25 --n 300 --max 12)
radii=(certify --sigma 0.25 --radii 0,0.25 --n 3000 --max 16)
predict=(predict --sigma 0.25 --n 300 --max 12)
run 1 certify.tsv "${certify[@]}"
run 1 radii.tsv "${radii[@]}"
run 1 predict.tsv "${predict[@]}"
for ranks in 2 4; do
  run $ranks certify-$ranks.tsv "${certify[@]}"
  same certify.tsv certify-$ranks.tsv
  run $ranks together-$ranks.tsv "${certify[@]}" --together
  same certify.tsv together-$ranks.tsv
  run $ranks radii-$ranks.tsv "${radii[@]}"
  same radii.tsv radii-$ranks.tsv
done
run 2 predict-2.tsv "${predict[@]}"
same predict.tsv predict-2.tsv
if "$ballast" verify --help >/dev/null 2>&1 && ! "$ballast" verify --help | grep -q "not in this build"; then
  verify=(verify --method ibp --max 12)
  attack=(attack --sigma 0.25 --radius 0.3 --steps 2 --copies 8 --n 200 --max 6)
  run 1 verify.tsv "${verify[@]}" && run 2 verify-2.tsv "${verify[@]}" && same verify.tsv verify-2.tsv
  run 1 attack.tsv "${attack[@]}" && run 2 attack-2.tsv "${attack[@]}" && same attack.tsv attack-2.tsv
fi

[ "${2:-}" != rows ] || { echo "one log from 1, 2 and 4 ranks"; exit 0; }

# Killed: a rank that helps, the rank that writes, mpirun itself, and by Ctrl-C. What is there are the first rows; the same command goes on.
long=(certify --sigma 0.25 --n 4000 --max 12)
run 1 long.tsv "${long[@]}"
ranks_of() { grep -slzx "$ballast" /proc/[0-9]*/cmdline | xargs -r grep -slzx "$1" | grep -v -x /proc/self/cmdline | cut -d / -f 3 | sort -n; }
writer_of() { for rank in $(ranks_of "$1"); do [[ $(readlink /proc/"$rank"/fd/* 2>/dev/null) != *"/$1"* ]] || echo "$rank"; done; }
helper_of() { comm -23 <(ranks_of "$1" | sort) <(writer_of "$1" | sort) | head -1; }
launcher_of() { grep -slzxE '(.*/)?(mpirun|prterun)' /proc/[0-9]*/cmdline | xargs -r grep -slzx "$1" | cut -d / -f 3 | head -1; }
for whom in helper writer job interrupt; do
  log=$whom.tsv
  run 3 $log "${long[@]}" 2>$whom.err &
  job=$!
  for _ in $(seq 600); do [ "$(cat $log 2>/dev/null | wc -l)" -ge 3 ] && break; sleep 0.05; done
  case $whom in
    helper) kill -9 "$(helper_of $log)" ;;
    writer) kill -9 "$(writer_of $log)" ;;
    job) kill -9 "$(launcher_of $log)" $(ranks_of $log) ;;
    interrupt) kill -INT "$(launcher_of $log)" ;;
  esac
  if wait $job 2>/dev/null; then fail "a job whose $whom was killed ended well"; fi
  for _ in $(seq 200); do [ -z "$(ranks_of $log)" ] && break; sleep 0.1; done
  [ -z "$(ranks_of $log)" ] || fail "ranks are left after the $whom was killed"
  [ "$(wc -l <$log)" -lt 13 ] || fail "the job was over before the $whom was killed"
  run 2 $log "${long[@]}"
  same long.tsv $log
done

# Said once, with the exit status of one process.
status=0
run 3 other.tsv certify --sigma -1 2>errors || status=$?
[ "$status" = 2 ] || fail "a bad argument ends with status $status"
[ "$(grep -c '^ballast: ' errors)" = 1 ] || fail "a bad argument is said $(grep -c '^ballast: ' errors) times"
status=0
run 2 certify.tsv certify --sigma 0.5 2>errors || status=$?
[ "$status" = 2 ] && grep -q "belongs to another run" errors || fail "another run's log: status $status"
status=0
mpirun -n 2 "$ballast" summary certify.tsv >/dev/null 2>errors || status=$?
[ "$status" = 2 ] && grep -q "not for several processes" errors || fail "summary by two processes: status $status"
echo "one log from 1, 2, 3 and 4 ranks, and after every kill"
