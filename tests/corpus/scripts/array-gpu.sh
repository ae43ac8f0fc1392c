#!/bin/bash
#SBATCH --job-name=hpo
#SBATCH --array=1-20
#SBATCH --gres=gpu:1
#SBATCH --partition=gpu
#SBATCH --qos=gpu
#SBATCH --time=06:00:00
#SBATCH --output=hpo/slurm-%A_%a.out
#SBATCH --cpus-per-task=4
#SBATCH --mem=24G
#SBATCH --requeue
#SBATCH --error=hpo/slurm-%A_%a.err
#SBATCH --nodes=1
#SBATCH --account=ml

conda run -n hpo python tune.py --trial ${SLURM_ARRAY_TASK_ID}
