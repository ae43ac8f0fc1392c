#!/bin/sh
#SBATCH --export=NONE
#SBATCH --get-user-env
#SBATCH -J bwa
#SBATCH --cpus-per-task=6 --mem=18G --time=360
#SBATCH --chdir=/home/jovyan/project
#SBATCH --output=/dev/null
#SBATCH --licenses=matlab:1
exec snakemake -j $SLURM_CPUS_ON_NODE
