"""The demo's jobs: a working day of somebody who trains and evaluates models, with one of everything (pure)."""

from __future__ import annotations

from tests.dashboard.demo.play import Play

M, H = 60.0, 3600.0

TRAIN = """#!/bin/bash
#SBATCH --job-name=train-resnet50
#SBATCH --time=4:00:00
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --gres=gpu:1

set -euo pipefail
module load cuda/12 2>/dev/null || true

python train.py --model resnet50 --epochs 90 --data "$HOME/imagenet"
"""


def plays(t0: float) -> list[Play]:
    """The jobs as they stand at `t0`, the moment the demo opens, and what they do afterwards."""
    return [
        Play("t4n8qw2x", "train-resnet50", t0 - 3.2 * H, t0 - 3.1 * H, t0 + 40 * M, cpus="8", memory="32Gi", gpus=1,
             limit=int(4 * H), node="gpu-1", script=TRAIN, command="kbatch train.sh"),
        Play("m2k7vd9c", "sweep-lr", t0 - 50 * M, t0 - 48 * M, cpus="2", memory="8Gi", limit=int(1 * H), tasks=24,
             throttle=4, each=9 * M, bad=(5, 11), node="node-b", command="kbatch -a 0-23%4 sweep.sh"),
        Play("h6w3zt8p", "regrid-era5", t0 - 25 * M, t0 - 24 * M, t0 + 50, cpus="4", memory="16Gi",
             limit=int(2 * H), node="node-a"),
        Play("c9x4rm2k", "notebook: analysis.ipynb", t0 - 11 * M, t0 - 10 * M, t0 + 4 * M, cpus="1", memory="4Gi",
             limit=int(30 * M), node="node-a"),
        Play("v8d2hq5n", "train-vit-large", t0 - 42 * M, None, cpus="16", memory="128Gi", gpus=4, limit=int(24 * H)),
        Play("p3f9kx7w", "evaluate-checkpoints", t0 - 9 * M, t0 + 25, t0 + 6 * M, cpus="4", memory="16Gi", gpus=1,
             limit=int(1 * H), node="gpu-2"),
        Play("z7t5bn4c", "ensemble-member-07", t0 - 6 * M, None, why="quota", cpus="8", memory="64Gi",
             limit=int(6 * H)),
        Play("k4m8wd3r", "publish-figures", t0 - 2 * H, None, held=True, cpus="1", memory="2Gi", limit=int(20 * M)),
        Play("x2q6vh9t", "new-image-test", t0 - 3 * M, None, why="image", cpus="1", memory="2Gi",
             limit=int(10 * M), node="node-c"),
        Play("d5r8nk2m", "download-cmip6", t0 - 5 * H, t0 - 5 * H + 30, t0 - 1.4 * H, cpus="2", memory="4Gi",
             limit=int(8 * H), node="node-b", peak=0.31),
        Play("w9c3tx6h", "train-resnet34", t0 - 8 * H, t0 - 8 * H + 40, t0 - 5.5 * H, cpus="8", memory="32Gi", gpus=1,
             limit=int(4 * H), node="gpu-1", peak=0.83),
        Play("b6h2pz8v", "merge-tiles", t0 - 95 * M, t0 - 94 * M, t0 - 71 * M, end="oom", exit=137, cpus="4",
             memory="8Gi", limit=int(1 * H), node="node-c"),
        Play("n3k9dm4q", "fit-gp", t0 - 6 * H, t0 - 6 * H + 20, t0 - 4 * H + 20, end="timeout", exit=143, cpus="4",
             memory="16Gi", limit=int(2 * H), node="node-a"),
        Play("r7w5xc2f", "convert-zarr", t0 - 3 * H, t0 - 3 * H + 15, t0 - 3 * H + 48, exit=2, cpus="2", memory="4Gi",
             limit=int(1 * H), node="node-b"),
        Play("q4v8ht6d", "preprocess", t0 - 9 * H, t0 - 9 * H + 25, t0 - 8.2 * H, cpus="4", memory="8Gi",
             limit=int(2 * H), node="node-a", tasks=0),
        Play("f2z6kr9w", "train-resnet18", t0 - 7 * H, t0 - 7 * H + 30, t0 - 6.4 * H, cpus="8", memory="32Gi", gpus=1,
             limit=int(4 * H), node="gpu-2", cancelled=t0 - 6.4 * H),
        Play("g8t3nb5x", "bootstrap", t0 - 12 * H, t0 - 12 * H + 30, cpus="1", memory="2Gi", limit=int(30 * M),
             tasks=12, throttle=12, each=8 * M, node="node-c"),
    ]  # fmt: skip


def past_plays(t0: float) -> list[Play]:
    """Jobs that the cluster has forgotten and home has not."""
    week = 7 * 24 * H
    return [
        Play("y5m2rt8k", "train-resnet50", t0 - week, t0 - week + 60, t0 - week + 3 * H, cpus="8", memory="32Gi",
             gpus=1, limit=int(4 * H), node="gpu-1", script=TRAIN, command="kbatch train.sh", peak=0.7),
        Play("a6d9vw3h", "download-cmip5", t0 - 2 * week, t0 - 2 * week + 20, t0 - 2 * week + 4 * H, exit=1, cpus="2",
             memory="4Gi", limit=int(8 * H), node="node-b"),
    ]  # fmt: skip
