#!/bin/bash
#SBATCH -J=equals
#SBATCH -t=1:00:00
#SBATCH -p=standard

./a.out
