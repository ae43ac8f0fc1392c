#!/bin/bash
#SBATCH --job-name=blast
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=24
#SBATCH --mem=100gb
#SBATCH --time=3-00:00:00
#SBATCH --output=blast_%j.log
#SBATCH --mail-type=ALL
#SBATCH --mail-user=ada@example.org
#SBATCH --qos=long

pwd; hostname; date
blastp -num_threads $SLURM_CPUS_PER_TASK -query in.fa -db nr -out out.tsv
date
