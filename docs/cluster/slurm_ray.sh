#!/bin/bash
#SBATCH --job-name=sanity-checks
#SBATCH --nodes=8
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --exclusive
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#
# One Ray cluster over all nodes of the job; the first node runs the driver, each GPU a worker.
#
#     FLAGFILE=my.flags OUTPUT_DIR=runs/imagenet sbatch docs/cluster/slurm_ray.sh
set -u
TEST=${TEST:-cascading_randomization}
FLAGFILE=${FLAGFILE:-my.flags}
OUTPUT_DIR=${OUTPUT_DIR:-runs/cluster}
HEAD=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

srun ray symmetric-run --address "$HEAD:6379" --min-nodes "$SLURM_JOB_NUM_NODES" -- \
    python -m "experiments.$TEST" --flagfile="$FLAGFILE" --output_dir="$OUTPUT_DIR" --executor=ray --ray_address=auto
