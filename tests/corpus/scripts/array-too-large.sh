#!/bin/bash
#SBATCH --job-name=all-pairs
#SBATCH --array=1-250000
#SBATCH --time=5
#SBATCH --output=/dev/null

./pair $SLURM_ARRAY_TASK_ID
