#!/bin/bash -l
#SBATCH --job-name=whisper
#SBATCH --ntasks=1
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-gpu=6
#SBATCH --mem-per-gpu=40G
#SBATCH --time=6:00:00
#SBATCH --output=whisper-%j.txt
#SBATCH --constraint=bigmem
#SBATCH --nodes=1
#SBATCH --partition=gpu
#SBATCH --error=whisper-%j.err
#SBATCH --qos=normal

python transcribe.py recordings/*.wav
