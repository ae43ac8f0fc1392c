#!/bin/bash
# Stata job
#SBATCH -J stata        # name
#SBATCH -N 1            # nodes
#SBATCH -n 4            # tasks = cores
#SBATCH --mem=16GB
#SBATCH -t 0-04:00      # D-HH:MM
#SBATCH -o %x.%j.out    # stdout
#SBATCH -e %x.%j.err    # stderr
stata-mp -b do main.do
