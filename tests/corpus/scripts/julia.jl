#!/usr/bin/env julia
#SBATCH --job-name=ensemble
#SBATCH --time=03:00:00
#SBATCH --cpus-per-task=16
#SBATCH --mem=32G
#SBATCH --output=ensemble.%j.log
#SBATCH --partition=standard
#SBATCH --nodes=1
#SBATCH --error=ensemble.%j.err

using DifferentialEquations
println(Threads.nthreads())
