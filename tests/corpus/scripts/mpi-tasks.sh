#!/bin/bash
#SBATCH --job-name=lammps
#SBATCH --nodes=1
#SBATCH --ntasks=32
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=2-12:00:00
#SBATCH --partition=standard
#SBATCH --output=lammps-%j.out
#SBATCH --error=lammps-%j.err

module load lammps
mpirun -np $SLURM_NTASKS lmp -in in.melt
