#!/bin/bash
#SBATCH --job-name=seurat      # name of the job
#SBATCH --time=0-06:00:00      # days-hours
#SBATCH --nodes=1              # one node
#SBATCH --ntasks=1
#SBATCH --mem=96G              # much memory
#SBATCH --account=bio
#SBATCH --partition=standard
#SBATCH --error=seurat.err
#SBATCH --output=seurat.out

module load R/4.3.1
Rscript --vanilla seurat.R
