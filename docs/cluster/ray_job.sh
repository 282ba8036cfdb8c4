#!/bin/bash
# Sends a run to a Ray cluster that is up, from anywhere that reaches its dashboard. Needs ray[default] here and on the cluster, and
# this software on its nodes. Nodes that share no disk send what they compute to the driver, on the head node.
#
#     RAY_ADDRESS=http://127.0.0.1:8265 FLAGFILE=my.flags OUTPUT_DIR=runs/imagenet bash docs/cluster/ray_job.sh
set -u
TEST=${TEST:-cascading_randomization}
FLAGFILE=${FLAGFILE:-my.flags}
OUTPUT_DIR=${OUTPUT_DIR:-runs/cluster}
RAY_ADDRESS=${RAY_ADDRESS:-http://127.0.0.1:8265}

ray job submit --address "$RAY_ADDRESS" --no-wait -- \
    python -m "experiments.$TEST" --flagfile="$FLAGFILE" --output_dir="$OUTPUT_DIR" --executor=ray --ray_address=auto --results=driver
