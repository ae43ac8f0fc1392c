#!/usr/bin/env python3
#SBATCH --job-name=optuna
#SBATCH --array=0-9
#SBATCH --time=3:00:00
#SBATCH --mem=12G
#SBATCH --gpus=1
#SBATCH -o optuna_%a.log
import os
trial = int(os.environ["SLURM_ARRAY_TASK_ID"])
print(trial)
