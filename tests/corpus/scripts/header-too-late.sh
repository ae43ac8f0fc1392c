#!/bin/bash
set -euo pipefail
#SBATCH --job-name=late
#SBATCH --time=1:00:00
#SBATCH --mem=32G

./a.out
