#!/bin/bash
#SBATCH -J mixed
#SBATCH -p gpu
#SBATCH --gpus=2
#SBATCH --gres=gpu:1
#SBATCH -t 30

nvidia-smi
