#!/bin/bash
#SBATCH --job-name=pasted
#SBATCH –-time=1:00:00
#SBATCH --output=pasted.out

./a.out
