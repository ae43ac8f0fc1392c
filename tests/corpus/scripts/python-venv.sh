#!/bin/bash
#SBATCH --job-name=fit-model
#SBATCH --output=logs/fit-%j.out
#SBATCH --error=logs/fit-%j.err
#SBATCH --time=04:00:00
#SBATCH --partition=standard
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G

source ~/venvs/fit/bin/activate
python fit.py --epochs 20
