#!/bin/bash
#SBATCH -J tiles
#SBATCH -a 0-900:100
#SBATCH -t 5:00:00
#SBATCH -o tiles-%A-%a
#SBATCH -e tiles-%A-%a.err
#SBATCH -c 4
#SBATCH --mem 8G
#SBATCH -A geo

Rscript tiles.R $SLURM_ARRAY_TASK_ID $((SLURM_ARRAY_TASK_ID + 99))
