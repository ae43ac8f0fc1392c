#!/bin/csh
#SBATCH -J wrf
#SBATCH --ntasks=96
#SBATCH --time=08:00:00
#SBATCH --qos=normal
#SBATCH --exclusive
mpirun -np $SLURM_NTASKS ./wrf.exe
