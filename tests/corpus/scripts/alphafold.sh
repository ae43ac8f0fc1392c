#!/bin/bash
#SBATCH --job-name=af2
#SBATCH --output=%x_%j.out
#SBATCH --error=%x_%j.err
#SBATCH --partition=gpu
#SBATCH --gres=gpu:a100:1
#SBATCH --cpus-per-task=8
#SBATCH --mem=64G
#SBATCH --time=18:00:00
#SBATCH --account=struct
#SBATCH --mail-type=BEGIN,END,FAIL
#SBATCH --mail-user=ada@example.org
#SBATCH --nice=100
#SBATCH --nodes=1
#SBATCH --ntasks=1

ml purge
ml load alphafold/2.3
run_alphafold.sh -f seq.fasta -o out
