#!/bin/bash
#SBATCH --job-name=smk
#SBATCH --partition=standard
#SBATCH --account=bio
#SBATCH --time=2-00:00:00
#SBATCH --mem=4000
#SBATCH --cpus-per-task=1
#SBATCH --error=smk-%j.err
#SBATCH --mail-type=FAIL
#SBATCH --mail-user=ada@example.org

snakemake --profile slurm --jobs 100 --rerun-incomplete
