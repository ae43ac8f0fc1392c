#!/usr/bin/env Rscript
#SBATCH --job-name=brms
#SBATCH --time=20:00:00
#SBATCH --cpus-per-task=4
#SBATCH --mem=20G
#SBATCH --output=brms-%j.out
#SBATCH --partition=standard
#SBATCH --error=brms-%j.err
#SBATCH --mail-type=END
#SBATCH --mail-user=ada@example.org

library(brms)
options(mc.cores = as.integer(Sys.getenv("SLURM_CPUS_PER_TASK")))
fit <- brm(y ~ x + (1 | g), data = readRDS("data.rds"))
saveRDS(fit, "fit.rds")
