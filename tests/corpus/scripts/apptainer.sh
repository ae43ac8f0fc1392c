#!/bin/bash
#SBATCH --job-name=fmriprep
#SBATCH --account=neuro
#SBATCH --time=23:59:59
#SBATCH --cpus-per-task=8
#SBATCH --mem=32GB
#SBATCH --tmp=100G
#SBATCH --partition=standard
#SBATCH --output=logs/fmriprep-%j.out
#SBATCH --error=logs/fmriprep-%j.err
#SBATCH --mail-user=ada@example.org
#SBATCH --mail-type=FAIL
#SBATCH --nodes=1

apptainer run --cleanenv fmriprep.sif bids out participant
