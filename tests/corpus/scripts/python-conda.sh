#!/bin/bash
#SBATCH -J ocean_eof
#SBATCH -o ocean_eof.%j.out
#SBATCH -e ocean_eof.%j.err
#SBATCH -t 12:00:00
#SBATCH -p standard
#SBATCH -c 8
#SBATCH --mem=64G
#SBATCH --mail-type=END,FAIL
#SBATCH --mail-user=ada@example.org

source "$HOME/miniforge3/etc/profile.d/conda.sh"
conda activate ocean
python eof.py --years 1980-2020
