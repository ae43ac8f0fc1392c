#!/bin/bash
#SBATCH --job-name=either
#SBATCH --constraint="intel|amd"
#SBATCH --time=60
#SBATCH --partition=standard
#SBATCH --output=either.out
#SBATCH --chdir=/home/ada/run

./bench
