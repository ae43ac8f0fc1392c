#!/bin/sh
#SBATCH -N 1
#SBATCH -n 1
#SBATCH --ntasks-per-node 1
#SBATCH -c 1
#SBATCH -t 10
#SBATCH -J hello
#SBATCH -o hello.out

echo hello
