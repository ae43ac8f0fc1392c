#!/bin/bash
#SBATCH --job-name=sweep
#SBATCH --array=0-99%10
#SBATCH --output=sweep/%A_%a.out
#SBATCH --error=sweep/%A_%a.err
#SBATCH --time=1:00:00
#SBATCH --mem=4G
#SBATCH --cpus-per-task=2
#SBATCH --partition=standard
#SBATCH --nodes=1
#SBATCH --ntasks=1

python sweep.py --seed "$SLURM_ARRAY_TASK_ID"
