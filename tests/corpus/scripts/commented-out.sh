#!/bin/bash
#SBATCH --job-name=variants
#SBATCH --time=12:00:00
##SBATCH --time=72:00:00
# SBATCH --nodes=4
#SBATCH --partition=standard
#SBATCH --output=variants_%j.out
#SBATCH --error=variants_%j.err
#SBATCH --cpus-per-task=6
#SBATCH --mem=18G
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --qos=normal
#SBATCH --mail-type=FAIL
#SBATCH --mail-user=ada@example.org

gatk HaplotypeCaller -R ref.fa -I in.bam -O out.vcf.gz
