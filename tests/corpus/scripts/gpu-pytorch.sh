#!/bin/bash
#SBATCH --job-name=resnet
#SBATCH --time=1-00:00:00
#SBATCH --output=%x-%j.log
#SBATCH --partition=gpu
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --error=%x-%j.err

export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
python train.py --data "$HOME/imagenet" --batch-size 256
