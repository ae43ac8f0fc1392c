#!/usr/bin/env bash
#SBATCH -J dask-worker
#SBATCH -p standard
#SBATCH -A climate
#SBATCH -n 1
#SBATCH --cpus-per-task=4
#SBATCH --mem=15G
#SBATCH -t 01:00:00
#SBATCH -e dask-%j.err

python -m distributed.cli.dask_worker tcp://10.0.0.1:8786 --nthreads 4 --memory-limit 14GiB --death-timeout 60
