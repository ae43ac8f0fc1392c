#!/bin/bash
#SBATCH -J bwa
#SBATCH -n 16
#SBATCH -N 1
#SBATCH --mem=64000
#SBATCH -t 0-10:00
#SBATCH -p standard
#SBATCH -o bwa_%j.out
#SBATCH -e bwa_%j.err

bwa mem -t 16 ref.fa r1.fq r2.fq > out.sam
