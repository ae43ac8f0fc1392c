#!/bin/bash
#SBATCH -q regular
#SBATCH -C haswell
#SBATCH -A m1234
#SBATCH -J nersc
#SBATCH -t 00:30:00
#SBATCH -N 1
#SBATCH -o nersc.out

./a.out
