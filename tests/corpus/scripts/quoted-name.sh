#!/bin/bash
#SBATCH --job-name="My job #3 (final)"
#SBATCH --comment='second try: "larger" grid'
#SBATCH --time=1:30:00 --mem=2G   # two on a line
#SBATCH --output="results/run %j.txt"
#SBATCH --error='results/run %j.err'
#SBATCH --partition=standard

./run --grid large
