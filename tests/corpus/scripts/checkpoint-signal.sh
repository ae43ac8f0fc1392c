#!/bin/bash
#SBATCH --job-name=longrun
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR1@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=longrun.log
#SBATCH --mem=30G
#SBATCH --account=physics
#SBATCH --partition=standard
#SBATCH --qos=long
#SBATCH --nodes=1
#SBATCH --ntasks=1

trap 'touch stop; wait' USR1
./solver --restart-if-possible &
wait
