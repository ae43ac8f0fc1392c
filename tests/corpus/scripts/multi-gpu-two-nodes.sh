#!/bin/bash
#SBATCH --job-name=ddp
#SBATCH --partition=gpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gres=gpu:4
#SBATCH --cpus-per-task=8
#SBATCH --time=1-00:00:00
#SBATCH --output=ddp-%j.out
#SBATCH --error=ddp-%j.err
#SBATCH --account=vision

srun python -m torch.distributed.run train.py
