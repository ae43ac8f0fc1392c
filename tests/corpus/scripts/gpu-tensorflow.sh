#!/bin/bash -l
#SBATCH -J tf-unet
#SBATCH -p gpu
#SBATCH -G 1
#SBATCH -c 4
#SBATCH -N 1
#SBATCH --mem=40000M
#SBATCH -t 600
#SBATCH -o tf-unet.o%j
#SBATCH -e tf-unet.e%j
#SBATCH --mail-type=NONE

conda activate tf
nvidia-smi
python unet.py
