#!/bin/bash
#SBATCH --job-name=matlab
#SBATCH --partition=standard
#SBATCH --licenses=matlab:1
#SBATCH --time=8:00:00
#SBATCH --cpus-per-task=12
#SBATCH --mem=48G
#SBATCH --error=matlab_%j.err
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --mail-type=ALL

matlab -nodisplay -r "run('analysis.m'); exit"
