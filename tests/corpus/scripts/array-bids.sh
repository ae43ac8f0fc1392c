#!/bin/bash
#SBATCH --array=1-48%8
#SBATCH --job-name=fmriprep
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=4000
#SBATCH --time=1-12
#SBATCH --output=/home/jovyan/logs/fmriprep_%A_%4a.log
#SBATCH --tmp=50G

subject=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" participants.tsv | cut -f1)
WORK=$SLURM_TMPDIR/$subject
singularity run --cleanenv fmriprep.sif /data/bids /data/out participant --participant-label "$subject" -w "$WORK"
