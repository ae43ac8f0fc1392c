#!/bin/bash
#SBATCH --job-name=legacy
#SBATCH --partition=gpu
#SBATCH --gres=gpu:k80:1
#SBATCH --time=10:00:00
#SBATCH --output=legacy.out
#SBATCH --mem=12G

./simulate input.cfg
