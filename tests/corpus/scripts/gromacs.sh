#!/bin/bash -l
#SBATCH --job-name md
#SBATCH --nodes 1
#SBATCH --ntasks 1
#SBATCH --cpus-per-task 16
#SBATCH --gres gpu:1
#SBATCH --time 24:00:00
#SBATCH --account proj123
#SBATCH --hint=nomultithread
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@600
#SBATCH --requeue

resubmit() { echo "requeue"; scontrol requeue $SLURM_JOB_ID; }
trap resubmit USR1
gmx mdrun -deffnm md -cpi md.cpt -ntomp ${SLURM_CPUS_PER_TASK} -maxh 23.5 &
wait
