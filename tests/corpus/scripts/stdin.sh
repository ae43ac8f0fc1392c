#!/bin/bash
#SBATCH --job-name=gaussian
#SBATCH --input=molecule.com
#SBATCH --output=molecule.log
#SBATCH --time=10:00:00
#SBATCH --partition=standard
#SBATCH --error=molecule.err

g16
