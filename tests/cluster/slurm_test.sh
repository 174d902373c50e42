#!/usr/bin/env bash
# examples/slurm on a Slurm of one node, on this machine: the merged log is that of one process; a shard that is killed and
# requeued goes on. Needs root, and Debian's slurmctld, slurmd, slurm-client and munge.
#
#   tests/cluster/slurm_test.sh BALLAST_PROGRAM
set -euo pipefail
cd "$(dirname "$0")/../.."
for needed in slurmctld slurmd sbatch munged; do
  command -v "$needed" >/dev/null || [ -x "/usr/sbin/$needed" ] || { echo "skipped: there is no $needed"; exit 0; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: starting Slurm needs root"; exit 0; }
export BALLAST=$(realpath "$1") PATH=$PATH:/usr/sbin
place=$(mktemp -d)
chmod 755 "$place"
fail() { echo "FAILED: $*" >&2; tail -n 20 "$place"/*.log "$place"/*.out >&2 || true; exit 1; }

# A munge and a Slurm of our own: no file of the machine's configuration is touched.
mkdir "$place"/{state,spool,munge}
dd if=/dev/urandom of="$place/munge/key" bs=128 count=1 status=none
chmod 400 "$place/munge/key" && chmod 700 "$place/munge"
munged --socket="$place/munge.socket" --key-file="$place/munge/key" --pid-file="$place/munge/pid" --log-file="$place/munge/log" \
  --seed-file="$place/munge/seed" --force
host=$(hostname -s)
cat >"$place/slurm.conf" <<CONF
ClusterName=ballast
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$place/munge.socket
CredType=cred/munge
SlurmctldPort=27817
SlurmdPort=27818
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE OverSubscribe=FORCE:4 State=UP
CONF
export SLURM_CONF=$place/slurm.conf
stop() {
  scancel --state=RUNNING --state=PENDING --user=root 2>/dev/null || true
  for pid in slurmd slurmctld munge/; do
    file=$place/${pid%/}.pid
    [ "$pid" = munge/ ] && file=$place/munge/pid
    [ -f "$file" ] && kill "$(cat "$file")" 2>/dev/null || true
  done
  sleep 1
  rm -rf "$place"
}
trap stop EXIT
slurmctld -c || fail "slurmctld does not start"
slurmd -c || fail "slurmd does not start"
for _ in $(seq 60); do
  sinfo -h -o %T 2>/dev/null | grep -q -E 'idle|mixed' && break
  sleep 1
done
sinfo -h -o %T | grep -q -E 'idle|mixed' || fail "the node does not come up: $(sinfo)"

# wait_for JOB: until it is no longer in the queue.
wait_for() {
  for _ in $(seq 300); do
    [ -n "$(squeue -h -j "$1" -o %i 2>/dev/null)" ] || return 0
    sleep 1
  done
  fail "job $1 does not end: $(squeue)"
}

model=$PWD/models/fashion-mnist-0.25.onnx
run=(--sigma 0.25 --n 500 --max 24)
"$BALLAST" certify "$model" fashion-mnist "$place/one.tsv" "${run[@]}" --quiet
wait_for "$(examples/slurm/submit.sh 4 "$model" fashion-mnist "$place/many.tsv" "${run[@]}")"
[ -f "$place/many.tsv" ] || fail "no merged log"
# All columns but the time.
rows() { cut -f 1-5,7- "$1"; }
cmp <(rows "$place/one.tsv") <(rows "$place/many.tsv") || fail "the merged log is another"

# Killed in the middle: requeued by hand, as a node's failure does it, it goes on with its log.
slow=(--sigma 0.25 --n 20000 --max 8)
"$BALLAST" certify "$model" fashion-mnist "$place/slow.tsv" "${slow[@]}" --quiet
merge=$(examples/slurm/submit.sh 2 "$model" fashion-mnist "$place/killed.tsv" "${slow[@]}")
for _ in $(seq 300); do
  [ -f "$place/killed.tsv.shard1" ] && [ "$(wc -l <"$place/killed.tsv.shard1")" -ge 2 ] && break
  sleep 0.2
done
array=$(squeue -h -n ballast-certify -o %F | head -1)
scontrol requeue "${array}_1" || fail "the shard was over before it could be killed"
wait_for "$merge"
cmp <(rows "$place/slow.tsv") <(rows "$place/killed.tsv") || fail "the log of the requeued run is another"
echo "Slurm: four shards, and one that was killed, give the log of one process"
