#!/bin/bash
#SBATCH -J cuda-test -p gpu --gres=gpu:1 -t 5 -o cuda-test.out

nvcc -o vecadd vecadd.cu && ./vecadd
