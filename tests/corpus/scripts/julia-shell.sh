#!/bin/bash
#SBATCH -J lattice
#SBATCH -t 2-0
#SBATCH -c 32
#SBATCH --mem=0
#SBATCH -p standard
#SBATCH -o lattice.out

julia --threads=32 lattice.jl
