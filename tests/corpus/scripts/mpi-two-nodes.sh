#!/bin/bash
#SBATCH --job-name=wrf
#SBATCH --account=climate
#SBATCH --partition=standard
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=64
#SBATCH --time=24:00:00
#SBATCH --output=wrf.%j.out
#SBATCH --error=wrf.%j.err
#SBATCH --exclusive
#SBATCH --qos=normal

module load intel openmpi netcdf
srun ./wrf.exe
