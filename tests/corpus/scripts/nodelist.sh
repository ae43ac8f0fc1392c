#!/bin/bash
#SBATCH --job-name=bench
#SBATCH --nodelist=node[01-04]
#SBATCH --exclude=node09
#SBATCH --reservation=workshop
#SBATCH --exclusive
#SBATCH --hint=nomultithread
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --time=00:20:00
#SBATCH --partition=standard
#SBATCH --output=bench.out
#SBATCH --error=bench.err

./stream
