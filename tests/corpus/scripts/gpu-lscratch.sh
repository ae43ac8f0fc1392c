#!/bin/bash
#SBATCH --job-name=relion
#SBATCH --partition=gpu
#SBATCH --gres=gpu:a100:1,lscratch:200
#SBATCH --ntasks=1
#SBATCH --ntasks-per-core=1
#SBATCH --cpus-per-task=14
#SBATCH --mem=120g
#SBATCH --time=2-00:00:00
#SBATCH --output=run.out
#SBATCH --error=run.err
#SBATCH --open-mode=append

cp particles.star /lscratch/$SLURM_JOB_ID/
relion_refine --gpu --j 14
