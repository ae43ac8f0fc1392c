#!/bin/bash
#SBATCH --job-name=clean
#SBATCH --export=NONE
#SBATCH --get-user-env
#SBATCH --time=15
#SBATCH --output=clean.out
#SBATCH --account=dev
#SBATCH -p standard
#SBATCH -e clean.err

env | sort
