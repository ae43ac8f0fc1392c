#!/bin/bash
#SBATCH --job-name=coupled
#SBATCH --ntasks=1 --mem=4G
#SBATCH hetjob
#SBATCH --ntasks=1 --mem=64G

srun ./ocean : ./atmosphere
