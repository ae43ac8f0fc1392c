#!/bin/bash
#SBATCH --job-name=typo
#SBATCH --cpu-per-task=4
#SBATCH --time=1:00:00
#SBATCH --output=typo.out

./a.out
