#!/bin/bash
#SBATCH -J assembly
#SBATCH -C bigmem
#SBATCH -p standard
#SBATCH -t 7-00:00:00
#SBATCH --mem=900G
#SBATCH -c 48
#SBATCH -A bio
#SBATCH -o assembly.%j.out
#SBATCH -e assembly.%j.err
#SBATCH -D /home/ada/assembly
#SBATCH -N 1
#SBATCH --ntasks-per-node=1
#SBATCH -q long

spades.py -t 48 -m 900 -o out --pe1-1 r1.fq --pe1-2 r2.fq
