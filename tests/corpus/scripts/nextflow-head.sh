#!/usr/bin/env bash
#SBATCH -J nf-rnaseq
#SBATCH -p long
#SBATCH -c 2
#SBATCH --mem 8G
#SBATCH -t 7-00:00:00
#SBATCH -o nf-%j.log
#SBATCH --mail-type=BEGIN,END,FAIL
#SBATCH --mail-user=someone@example.org

module load Java/17 Nextflow
export NXF_WORK=/scratch/$USER/work
nextflow run nf-core/rnaseq -profile slurm -resume --input samples.csv
