#!/bin/bash
#SBATCH --job-name jupyter
#SBATCH --nodes 1
#SBATCH --ntasks-per-node 1
#SBATCH --cpus-per-task 2
#SBATCH --mem-per-cpu 8G
#SBATCH --time 1-0:00:00
#SBATCH --output jupyter-%J.log
#SBATCH --partition gpu,standard
#SBATCH --gpus 1

cat /etc/hosts
jupyter lab --no-browser --port=8888
