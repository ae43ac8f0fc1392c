#!/bin/bash
#SBATCH --job-name=stage2
#SBATCH --dependency=afterok:123456
#SBATCH --time=1:00:00
#SBATCH --output=stage2.out
#SBATCH --error=stage2.err
#SBATCH -p standard
#SBATCH -N 1

./stage2
