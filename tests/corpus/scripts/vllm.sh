#!/bin/bash
#SBATCH --job-name=vllm
#SBATCH --gpus=h100:1
#SBATCH --cpus-per-gpu=8
#SBATCH --mem-per-gpu=64G
#SBATCH --time=02:00:00
#SBATCH --output=%x-%j.log
#SBATCH --exclude=gpu[01-04]
source ~/.bashrc
conda activate vllm
python -m vllm.entrypoints.openai.api_server --port $((8000 + SLURM_JOB_ID % 1000))
