#!/bin/bash
#SBATCH --job-name=llm-eval
#SBATCH --partition=gpu
#SBATCH --account=nlp
#SBATCH --nodes=1
#SBATCH --gpus=a100:4
#SBATCH --cpus-per-task=32
#SBATCH --mem=200G
#SBATCH --time=0-08
#SBATCH --output=eval/%x-%j.out
#SBATCH --error=eval/%x-%j.err
#SBATCH --qos=gpu
#SBATCH --no-requeue

source .venv/bin/activate
export HF_HOME=$HOME/.cache/huggingface
accelerate launch --num_processes 4 evaluate.py
