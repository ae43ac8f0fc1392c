#!/bin/bash
#SBATCH --job-name=finetune
#SBATCH --account=nlp
#SBATCH --partition=gpu
#SBATCH --gres=gpu:a100:2
#SBATCH --cpus-per-task=16
#SBATCH --mem=128G
#SBATCH --time=2-00:00:00
#SBATCH --output=finetune_%j.out
#SBATCH --error=finetune_%j.err
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --mail-type=END
#SBATCH --mail-user=ada@example.org

module purge
module load cuda/12.1
torchrun --standalone --nproc_per_node=2 finetune.py
