#!/usr/bin/env python3
# Parallel work is dask's: a cluster as large as the job, in the job.   kbatch -c 4 --mem 8G examples/cluster.py
# KBATCH --job-name=cluster --time=30:00
import os

from dask.distributed import Client, LocalCluster

CPUS = int(os.environ.get("KBATCH_CPUS_PER_TASK", "1"))


def square(number: int) -> int:
    return number * number


if __name__ == "__main__":
    with (
        LocalCluster(n_workers=CPUS, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        total = sum(client.gather(client.map(square, range(1000))))
        print(f"{CPUS} workers: the sum of 1000 squares is {total}")
