"""What a script of a Slurm cluster uses and a job has not: said at submit, with the line."""

from __future__ import annotations

import pytest

from kbatch_core.model.options.foreign import foreign


def said(*lines: str, file: str = "job.sh", first: str = "#!/bin/bash") -> list[str]:
    return list(foreign("\n".join((first, *lines)), file))


@pytest.mark.parametrize(
    "line",
    [
        "srun python a.py",
        "  srun -n 1 python a.py",
        "time srun a",
        "OMP_NUM_THREADS=4 srun a",
        "exec srun a",
        "cd x && srun a",
        "cd x; srun a",
        "if ! srun a; then",
        "x=$(srun hostname)",
        "x=`srun hostname`",
        "srun",
    ],
)
def test_a_program_is_found_where_a_command_begins(line: str) -> None:
    assert said("date", line) == [
        "job.sh:3: srun is not there in a job: take the word srun away: a job is one task"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "# srun a",
        "echo srun a",
        "./srun a",
        "srunner a",
        "cat srun",
        "modules=1",
        "html=1",
        'mlr --csv sort "x"',
    ],
)
def test_other_words_are_no_such_program(line: str) -> None:
    assert said(line) == []


def test_each_is_said_once() -> None:
    addresses = "MASTER=$(scontrol show hostnames $SLURM_JOB_NODELIST | head -n 1)"
    assert said("module purge", "ml load gcc", addresses, "seff $SLURM_JOB_ID", "srun a", "srun b") == [
        "job.sh:2: module is not there in a job: environment modules belong to another cluster; the job has the "
        "notebook server's image",
        "job.sh:4: scontrol is not there in a job: a job has one node, $SLURM_JOB_NODELIST; for the rest use "
        "kqueue, from a terminal",
        "job.sh:5: seff is not there in a job: use kqueue, from a terminal",
        "job.sh:6: srun is not there in a job: take the word srun away: a job is one task",
    ]


def test_a_variable_that_no_job_has() -> None:
    assert said("cd $SLURM_TMPDIR", 'cp a "${SLURM_TMPDIR}/"', "echo $SLURM_JOB_ID ${SLURM_NNODES}") == [
        "job.sh:2: SLURM_TMPDIR is not set in a job; see `kqueue docs supervisor`"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "echo ${SLURM_CLUSTER_NAME:-none}",
        "echo ${SLURM_CLUSTER_NAME-none}",
        '[ -n "${SLURM_CLUSTER_NAME+x}" ]',
        "export SLURM_CLUSTER_NAME=x; echo $SLURM_CLUSTER_NAME",
        "# $SLURM_CLUSTER_NAME",
        "echo SLURM_CLUSTER_NAME",
    ],
)
def test_a_variable_with_a_value_or_default_is_not_missed(line: str) -> None:
    assert said(line) == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("PORT=$((10000 + SLURM_JOBID % 1000))", "SLURM_JOBID"),
        ("PORT=$((10000 + $SLURM_JOB_ID % 1000))", "SLURM_JOB_ID"),
        ("PORT=$(expr 10000 + $(echo -n $SLURM_JOBID | tail -c 4))", "SLURM_JOBID"),
        ("let n=SLURM_ARRAY_JOB_ID+1", "SLURM_ARRAY_JOB_ID"),
    ],
)
def test_an_id_that_is_reckoned_with(line: str, name: str) -> None:
    assert said(line) == [f"job.sh:2: {name} is no number here, but letters and digits"]


def test_a_task_s_number_is_a_number() -> None:
    assert said("n=$((SLURM_ARRAY_TASK_ID + 1)); echo $SLURM_JOB_ID") == []


def test_other_languages_are_not_read() -> None:
    assert said("srun a", file="a.py", first="#!/usr/bin/env python3") == []
    assert said("srun a", file="a.sh", first="") != []
