#!/bin/bash
#SBATCH -J vasp
#SBATCH -N 1
#SBATCH --ntasks-per-node=48
#SBATCH -t 48:00:00
#SBATCH -p standard
#SBATCH -A materials
#SBATCH -o vasp.out
#SBATCH -e vasp.err

ulimit -s unlimited
mpiexec vasp_std
