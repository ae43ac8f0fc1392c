"""From options to a JobSpec: sums between options, names of the config, variables."""

from __future__ import annotations

import msgspec
import pytest

from kbatch_core.errors import BadOption
from kbatch_core.manifest.gpus import with_gpus
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.options.combine import to_jobspec, with_profile
from kbatch_core.model.options.config import read_config
from kbatch_core.model.options.resolve import Typed, resolve
from kbatch_core.model.quantity import GIB
from kbatch_core.model.signals import SignalSpec

SITE = b"""
[profiles.gpu]
nodeSelector = { pool = "gpu" }
tolerations = [{ key = "nvidia.com/gpu", operator = "Exists" }]
[features]
bigmem = { size = "big" }
SSD = { disk = "ssd" }
[gpu-types]
a100 = { "nvidia.com/gpu.product" = "A100" }
"""


def spec(typed: Typed) -> JobSpec:
    resolved = resolve(typed, environ={}, site=read_config(SITE, "site.toml"))
    return with_gpus(to_jobspec(resolved, script="date\n", script_name="job.sh", args=("x",)), resolved, None)


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"job-name": "a b"}, {"name": "a b"}),
        ({"time": "90m"}, {"time_limit": 5400}),
        ({"time": "0"}, {"time_limit": None}),
        ({"output": "%j.out", "error": "%j.err"}, {"output": "%j.out", "error": "%j.err"}),
        ({"open-mode": "t"}, {"open_mode": "truncate"}),
        ({"partition": "a,b"}, {"partition": "a"}),
        ({"account": "phys"}, {"account": "phys"}),
        ({"cpus-per-task": "0.5"}, {"cpus": 500}),
        ({"mem": "4G"}, {"memory": 4 * GIB}),
        ({"tmp": "10G"}, {"tmp": 10 * GIB}),
        ({"mem-per-cpu": "2G", "cpus-per-task": "4"}, {"memory": 8 * GIB, "cpus": 4000}),
        ({"mem-per-cpu": "2G"}, {"memory": 2 * GIB}),
        ({"mem-per-cpu": "2G", "cpus-per-task": "500m"}, {"memory": GIB, "cpus": 500}),
        ({"gpus": "2"}, {"gpus": 2}),
        ({"gpus": "0"}, {"gpus": 0}),
        ({"gpus": "a100:0"}, {"gpus": 0}),
        ({"gres": "gpu:1"}, {"gpus": 1}),
        ({"gres": "lscratch:1"}, {"gpus": 0}),
        ({"gpus-per-node": "2", "gpus-per-task": "2"}, {"gpus": 2}),
        (
            {"gres": "gpu:A100:2", "gpus": "2"},
            {"gpus": 2, "gpu_type": "A100", "node_labels": {"nvidia.com/gpu.product": "A100"}},
        ),
        (
            {"gpus": "2", "mem-per-gpu": "8G", "cpus-per-gpu": "3"},
            {"gpus": 2, "memory": 16 * GIB, "cpus": 6000},
        ),
        (
            {"gpus": "2", "cpus-per-gpu": "2", "mem-per-cpu": "1G"},
            {"gpus": 2, "cpus": 4000, "memory": 4 * GIB},
        ),
        ({"array": "0-9%2"}, {"array": parse_array("0-9%2")}),
        ({"chdir": "x"}, {"workdir": "x"}),
        ({"constraint": "bigmem&ssd"}, {"node_labels": {"size": "big", "disk": "ssd"}}),
        ({"constraint": "ssd, bigmem"}, {"node_labels": {"size": "big", "disk": "ssd"}}),
        ({"constraint": "BigMem"}, {"node_labels": {"size": "big"}}),
        ({"signal": "B:USR1@60"}, {"signal": SignalSpec("USR1", 60, True)}),
        ({"requeue": True}, {"requeue": True}),
        ({"no-requeue": True}, {"requeue": False}),
        ({"comment": "hi"}, {"comment": "hi"}),
        ({"hold": True}, {"hold": True}),
        ({"image": "r:4"}, {"image": "r:4"}),
        ({"home": "none"}, {"home": False}),
        ({"give-up-after": "1h"}, {"give_up_after": 3600}),
        ({"submit-id": "n1"}, {"submit_id": "n1"}),
        ({"export": "NONE"}, {"export_all": False}),
        ({"export": "A,B=x"}, {"export_all": False, "export": ("A",), "env": {"B": "x"}}),
        ({"export": "ALL,A"}, {"export_all": True, "export": ("A",)}),
        ({"export": "B=x", "env": ["B=y", "C=z"]}, {"export_all": False, "env": {"B": "y", "C": "z"}}),
        ({"parameter": ["n=1", "name=x=y"]}, {"parameters": {"n": "1", "name": "x=y"}}),
        ({"nodes": "1", "wait": True, "quiet": True, "parsable": True}, {}),
    ],
)
def test_fields(typed: Typed, fields: dict[str, object]) -> None:
    expected = JobSpec(script="date\n", script_name="job.sh", args=("x",))
    assert spec(typed) == msgspec.structs.replace(expected, **fields)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"gpus": "2", "gres": "gpu:1"}, "different GPUs"),
        ({"gpus": "a100:1", "gres": "gpu:v100:1"}, "different GPUs"),
        ({"gpus": "h100:1"}, "no GPU type 'h100'"),
        ({"constraint": "haswell"}, "no feature 'haswell'"),
        ({"constraint": "a|b"}, "all be there"),
        ({"constraint": "[a&b]"}, "all be there"),
        ({"constraint": "a*4"}, "all be there"),
        ({"constraint": "&"}, "no feature ''"),
        ({"mem-per-gpu": "1G"}, "needs GPUs"),
        ({"cpus-per-gpu": "1"}, "needs GPUs"),
        ({"cpus-per-gpu": "1", "gpus": "0"}, "needs GPUs"),
    ],
)
def test_what_does_not_fit_together(typed: Typed, sentence: str) -> None:
    with pytest.raises(BadOption) as caught:
        spec(typed)
    assert sentence in caught.value.sentence


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(BadOption) as caught:
        spec({"constraint": "haswell"})
    assert "SSD, bigmem" in caught.value.hint
    with pytest.raises(BadOption) as caught:
        to_jobspec(resolve({"constraint": "x"}, environ={}), script="", script_name="")
    assert "none" in caught.value.hint


def test_a_profile_places_the_job() -> None:
    config = read_config(SITE, "site.toml")
    placed = with_profile(spec({"partition": "gpu", "gpus": "a100:1"}), config.profiles["gpu"])
    assert placed.profile == "gpu"
    assert placed.node_labels == {"pool": "gpu", "nvidia.com/gpu.product": "A100"}
    assert placed.tolerations == ({"key": "nvidia.com/gpu", "operator": "Exists"},)
