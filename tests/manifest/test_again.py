"""A Job says what it was made of: made again from that, it is the same; made with a change, it differs in that."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbatch_core.environment import Environment, copy_environment
from kbatch_core.errors import BadOption, BadScript
from kbatch_core.manifest import Submission, build_job
from kbatch_core.manifest.again import read_back
from kbatch_core.model.arrays import ArraySpec, from_numbers, parse_array
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.signals import parse_signal
from tests.pods import load_pod
from tests.values import places

HOME = "/home/jovyan"
ENVIRONMENTS = {
    **{
        name: copy_environment(load_pod(name), home=HOME)
        for name in ("z2jh-pvc", "nfs-gpu", "binder-minimal")
    },
    "its own directory": msgspec.structs.replace(
        copy_environment(load_pod("nfs-gpu"), home="/root"), workdir="/srv/repo"
    ),
    "laptop": Environment(image="images.example.org/x", user="ann", keep_entrypoint=False),
}


def make(spec: JobSpec, environment: Environment, cwd: str = HOME) -> Submission:
    return build_job(
        spec, environment, job_id="abcd2345", submit_id="0123456789abcdef", namespace="hub", cwd=cwd,
        submit_host="jupyter-ann",
    )  # fmt: skip


def cwd_of(environment: Environment) -> str:
    """Outside the mounts where the server has a directory of its own, so that the job starts in that."""
    return "/root" if environment.workdir else HOME


def no_file(path: str) -> str:
    raise BadScript(f"no {path}")


def again(submission: Submission) -> tuple[JobSpec, Environment]:
    staged = {file.path: file.data.decode() for file in submission.files}
    sent = msgspec.json.decode(msgspec.json.encode(submission.manifest))
    return read_back(sent, staged.__getitem__ if staged else no_file)


# A name with a slash in it is another place for `%x` in a pattern, which may be refused.
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=12
)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "script": WORDS.map(lambda text: f"#!/bin/sh\n{text}") | st.just("#!/bin/sh\n" + "x" * 70_000),
    "script_name": TEXT,
    "interpreter": st.sampled_from([(), ("python3",)]),
    "args": st.lists(WORDS, max_size=4).map(tuple),
    "name": st.just("") | TEXT,
    "workdir": st.sampled_from([None, HOME, f"{HOME}/deep/er"]),
    "output": st.sampled_from([None, "/dev/null", "%x-%j.out", "logs/%4a%%", "$x.out"]),
    "error": st.sampled_from([None, "/dev/null", "%u.err"]),
    "open_mode": st.sampled_from(["append", "truncate"]),
    "cpus": st.none() | st.integers(1, 200_000),
    "memory": st.none() | st.integers(1, 2**45),
    "gpus": st.sampled_from([0, 1, 8]),
    "gpu_resource": st.sampled_from(["nvidia.com/gpu", "amd.com/gpu", "nvidia.com/mig-1g.5gb"]),
    "tmp": st.none() | st.integers(1, 2**40),
    "node_labels": st.sampled_from([{}, {"example.org/pool": "big"}]),
    "tolerations": st.sampled_from([(), ({"key": "a", "operator": "Exists"},)]),
    "partition": st.just("") | TEXT,
    "time_limit": st.none() | st.integers(1, 10**7),
    "signal": st.none() | st.sampled_from(["B:USR1@10", "TERM@60", "INT"]).map(parse_signal),
    "array": st.none()
    | st.builds(
        ArraySpec, st.sets(st.integers(0, 500), min_size=1).map(sorted).map(from_numbers),
        st.none() | st.integers(1, 20),
    ),
    "account": st.just("") | TEXT,
    "comment": st.just("") | TEXT,
    "env": st.dictionaries(st.sampled_from(["A", "SCRATCH_BUCKET", "MEM_LIMIT", "CPU_GUARANTEE"]), WORDS, max_size=3),
    "requeue": st.booleans(),
    "give_up_after": st.none() | st.integers(1, 10**6),
    "profile": st.booleans(),
}  # fmt: skip


@st.composite
def submissions(draw: st.DrawFn) -> tuple[JobSpec, Environment]:
    environment = ENVIRONMENTS[draw(st.sampled_from(list(ENVIRONMENTS)))]
    fields = {name: draw(strategy) for name, strategy in FIELDS.items()}
    fields["profile"] = fields["partition"] if fields["profile"] else ""
    if not environment.home:
        fields |= {"output": None, "error": None, "script": "#!/bin/sh\n"}
    if fields["array"] is not None and draw(st.booleans()):
        fields["lines"] = tuple(f"line {number}" for number in range(fields["array"].count))
    return JobSpec(**fields), environment


@given(submissions())
def test_a_job_made_from_a_job_is_the_same(asked: tuple[JobSpec, Environment]) -> None:
    cwd = cwd_of(asked[1])
    first = make(*asked, cwd)
    second = make(*again(first), cwd)
    assert second.manifest == first.manifest
    assert second.files == first.files


@given(submissions(), st.sampled_from(["time_limit", "memory", "comment", "name", "args", "account"]))
def test_a_change_comes_out_as_if_it_had_been_asked_for_at_first(
    asked: tuple[JobSpec, Environment], field: str
) -> None:
    spec, environment = asked
    change: dict[str, Any] = {
        "time_limit": 77, "memory": 2**30, "comment": "changed", "name": "other", "args": ("x y",), "account": "z",
    }  # fmt: skip
    wanted = msgspec.structs.replace(spec, **{field: change[field]})
    cwd = cwd_of(environment)
    old, copied = again(make(spec, environment, cwd))
    changed = make(msgspec.structs.replace(old, **{field: change[field]}), copied, cwd)
    expected = make(wanted, environment, cwd)
    if field == "memory" and not copied.server:
        # Without a size of its own the first job did not show that a hub's server was copied.
        expected.manifest["spec"]["template"]["spec"]["containers"][0].pop("env")
        changed.manifest["spec"]["template"]["spec"]["containers"][0].pop("env")
    assert changed.manifest == expected.manifest


def test_a_name_that_was_the_scripts_is_the_next_scripts() -> None:
    spec, _ = again(
        make(JobSpec(script="#!/bin/sh\n", script_name="a.sh", args=("x",)), ENVIRONMENTS["laptop"])
    )
    assert (spec.name, spec.script_name) == ("", "a.sh")
    spec, _ = again(
        make(JobSpec(script="#!/bin/sh\n", script_name="a.sh", name="sim"), ENVIRONMENTS["laptop"])
    )
    assert (spec.name, spec.script_name) == ("sim", "a.sh")


def test_a_hold_and_the_deadline_of_a_cancel_do_not_come_back() -> None:
    submission = make(JobSpec(script="#!/bin/sh\n", script_name="a", hold=True), ENVIRONMENTS["laptop"])
    submission.manifest["metadata"]["annotations"]["kbatch/cancelled-at"] = "1"
    submission.manifest["spec"]["activeDeadlineSeconds"] = 1
    spec, _ = again(submission)
    assert (spec.hold, spec.give_up_after) == (False, None)


@pytest.mark.parametrize("change", ["kbatch/cancelled-at", "kbatch/limit-deadline"])
def test_what_give_up_after_asked_for_outlives_a_change_of_the_deadline(change: str) -> None:
    submission = make(
        JobSpec(script="#!/bin/sh\n", script_name="a", give_up_after=60), ENVIRONMENTS["laptop"]
    )
    submission.manifest["metadata"]["annotations"] |= {change: "1", "kbatch/deadline": "90"}
    submission.manifest["spec"]["activeDeadlineSeconds"] = 1
    assert again(submission)[0].give_up_after == 60


@pytest.mark.parametrize(("parallelism", "throttle"), [(3, 3), (7, 7), (10, None), (0, 3)])
def test_a_throttle_that_was_changed_since_is_the_one_that_comes_back(
    parallelism: int, throttle: int | None
) -> None:
    submission = make(
        JobSpec(script="#!/bin/sh\n", script_name="a", array=parse_array("1-10%3")), ENVIRONMENTS["laptop"]
    )
    submission.manifest["spec"]["parallelism"] = parallelism
    spec, _ = again(submission)
    assert spec.array is not None
    assert spec.array.throttle == throttle


def test_a_job_of_another_tool_is_one_sentence() -> None:
    job = {
        "metadata": {"name": "other"},
        "spec": {"template": {"metadata": {}, "spec": {"containers": [{"image": "x", "args": ["true"]}]}}},
    }
    with pytest.raises(BadOption, match="was not made by kbatch"):
        read_back(job, no_file)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_job_that_somebody_has_changed_is_read_or_is_one_sentence(data: st.DataObject) -> None:
    spec = JobSpec(
        script="#!/bin/sh\n",
        script_name="a b",
        args=("x",),
        time_limit=60,
        array=parse_array("1-3"),
        cpus=1000,
    )
    job = msgspec.json.decode(msgspec.json.encode(make(spec, ENVIRONMENTS["z2jh-pvc"]).manifest))
    container, key = data.draw(st.sampled_from(list(places(job))))
    container[key] = data.draw(
        st.sampled_from([None, True, -1, 10**300, "", "'", "x", "9" * 5000, [], {}, [{}]])
    )
    with suppress(BadOption):
        read_back(job, lambda path: pytest.fail(f"{path} was read"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/kbatch/bin/script", f"{HOME}/.ssh/id_rsa"),
        ("/kbatch/bin/script", f"{HOME}/.kbatch/abcd2345/../../.ssh/script"),
        ("/kbatch/bin/script", f"{HOME}/.kbatch/zzzz9999/script"),
        (f"{HOME}/.kbatch/abcd2345", f"{HOME}/.ssh"),
    ],
)
def test_no_other_file_of_home_is_taken_for_the_script(old: str, new: str) -> None:
    """Who may create a Job writes into it what he likes, and a new Job can be read by everybody."""
    sent = make(JobSpec(script="#!/bin/sh\n", script_name="a"), ENVIRONMENTS["z2jh-pvc"]).manifest
    args = sent["spec"]["template"]["spec"]["containers"][0]["args"]
    args[args.index(old)] = new
    if old != "/kbatch/bin/script":
        args[args.index("/kbatch/bin/script")] = f"{new}/script"
    with pytest.raises(BadOption, match="where kbatch puts none"):
        read_back(sent, lambda path: pytest.fail(f"{path} was read"))


def test_nothing_at_all_is_one_sentence() -> None:
    with pytest.raises(BadOption, match="cannot be read"):
        read_back({}, no_file)
