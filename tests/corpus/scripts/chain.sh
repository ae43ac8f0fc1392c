#!/bin/bash
#SBATCH --job-name=chain
#SBATCH --time=10
#SBATCH --mem=1G
jid=$(sbatch --parsable step1.sh)
sbatch --dependency=afterok:$jid step2.sh
while squeue -h -j $jid | grep -q .; do sleep 30; done
sacct -j $jid --format=State
