#!/bin/bash
#SBATCH --job-name=nightly
#SBATCH --begin=20:00
#SBATCH --time=4:00:00
#SBATCH --account=ops
#SBATCH --output=nightly-%j.out

./nightly.sh
