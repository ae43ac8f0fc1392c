#!/bin/bash
#SBATCH --job-name=redo
#SBATCH --array=3,17,40-44
#SBATCH --output=redo_%4a.log
#SBATCH --time=30:00
#SBATCH --mem-per-cpu=4G
#SBATCH -p standard
#SBATCH --error=redo_%4a.err
#SBATCH --account=geo

FILE=$(sed -n "${SLURM_ARRAY_TASK_ID}p" files.txt)
./process "$FILE"
