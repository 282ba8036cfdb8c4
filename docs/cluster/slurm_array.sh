#!/bin/bash
#SBATCH --job-name=sanity-checks
#SBATCH --array=0-15
#SBATCH --gpus-per-task=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@60
#
# Any number of tasks share one run directory on a disk that all nodes see; each takes the next unit that nobody computes.
#
#     FLAGFILE=my.flags OUTPUT_DIR=runs/imagenet sbatch docs/cluster/slurm_array.sh
#
# A task that is preempted, or whose time is over, drops its unit at once and is queued again.
set -u
TEST=${TEST:-cascading_randomization}
FLAGFILE=${FLAGFILE:-my.flags}
OUTPUT_DIR=${OUTPUT_DIR:-runs/cluster}

python -m "experiments.$TEST" --flagfile="$FLAGFILE" --output_dir="$OUTPUT_DIR" &
task=$!
trap 'kill -TERM "$task"' TERM
wait "$task"
status=$?
while kill -0 "$task" 2>/dev/null; do      # the trap has ended the first wait
    wait "$task"
    status=$?
done
if [ "$status" -eq 143 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$status"
