#!/usr/bin/env Rscript
#SBATCH --job-name=brms
#SBATCH --cpus-per-task=4
#SBATCH --mem=20G
#SBATCH --time=12:00:00
options(mc.cores = as.integer(Sys.getenv("SLURM_CPUS_PER_TASK")))
cat("hello\n")
