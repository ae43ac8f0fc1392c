#!/bin/bash
#SBATCH --job-name=both
#SBATCH --mem=16G
#SBATCH --mem-per-cpu=4G
#SBATCH --cpus-per-task=4
#SBATCH --time=1:00:00
#SBATCH --output=both.out
#SBATCH -p standard
#SBATCH -e both.err
#SBATCH -A phys

./a.out
