#!/bin/bash
#SBATCH -J gromacs-md
#SBATCH -N 4
#SBATCH -n 16
#SBATCH -c 12
#SBATCH -t 1-0
#SBATCH -p gpu
#SBATCH --gpus-per-node=4
#SBATCH -q high
#SBATCH -A chem

srun gmx_mpi mdrun -deffnm md
