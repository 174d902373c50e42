#!/usr/bin/env bash
# Certifies a data set as an array job of Slurm, and merges the shards' logs when all are done:
#
#   examples/slurm/submit.sh SHARDS MODEL.onnx DATA LOG.tsv --sigma 0.25 [options of ballast certify]
#
# All paths must be seen by every node. $BALLAST: the program (default: ballast). $SBATCH_OPTIONS: of both jobs, e.g.
# "--partition=cpu --cpus-per-task=16 --time=4:00:00". Prints the number of the merging job. Submitted again after a failure,
# shards that are done end at once, and the others go on where they stopped.
set -euo pipefail
[ $# -ge 5 ] || { sed -n '2,9 s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=$(cd "$(dirname "$0")" && pwd)
export BALLAST_SHARDS=$1 BALLAST_MODEL=$2 BALLAST_DATA=$3 BALLAST_LOG=$4
shift 4
read -ra options <<<"${SBATCH_OPTIONS:-}"
array=$(sbatch --parsable ${options[@]+"${options[@]}"} --array="1-$BALLAST_SHARDS" --output="$BALLAST_LOG.shard%a.out" "$folder/certify.sbatch" "$@")
sbatch --parsable ${options[@]+"${options[@]}"} --dependency="afterok:$array" --kill-on-invalid-dep=yes --output="$BALLAST_LOG.merge.out" \
  "$folder/merge.sbatch"
