#!/bin/bash
#SBATCH --image=docker:library/ubuntu:22.04
#SBATCH --job-name=shifter
#SBATCH --qos=debug
#SBATCH --nodes=1
#SBATCH --time=00:10:00
#SBATCH --account=m1234

shifter ./run.sh
