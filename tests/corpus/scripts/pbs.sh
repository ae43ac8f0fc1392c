#!/bin/bash
#PBS -N old
#PBS -l walltime=1:00:00

cd $PBS_O_WORKDIR
./a.out
