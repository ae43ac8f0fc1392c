#!/bin/bash
#SBATCH --job-name=scratch
#SBATCH --output=$SCRATCH/logs/%j.out
#SBATCH --error=$SCRATCH/logs/%j.err
#SBATCH --time=1:00:00
#SBATCH --account=phys
#SBATCH --partition=standard

./a.out
