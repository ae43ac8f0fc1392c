#!/bin/bash
#SBATCH --job-name=words
#SBATCH --time=2 hours
#SBATCH --output=words.out

./a.out
