#!/bin/bash
#SBATCH --job-name=portable
#SBATCH --nodes=1
#SBATCH --ntasks=16
#SBATCH --mem=64G
#SBATCH --time=2-00:00:00
#SBATCH --account=phys
#SBATCH --output=portable-%j.out
#KBATCH --ntasks=1 --cpus-per-task=16
#KBATCH --mem=32G
#KBATCH --env OMP_PLACES=cores

./portable
