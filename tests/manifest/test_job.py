"""The Job object: what is in it for which request, and that it stays small."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kbatch_core.environment import Environment, copy_environment, escape
from kbatch_core.errors import BadOption
from kbatch_core.manifest import Submission, build_job
from kbatch_core.manifest.program import read_program
from kbatch_core.model import labels
from kbatch_core.model.arrays import parse_array
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.signals import parse_signal
from tests.pods import load_pod

HOME = "/home/jovyan"


def server(name: str = "z2jh-pvc") -> Environment:
    return copy_environment(load_pod(name), home=HOME)


def build(environment: Environment | None = None, cwd: str = HOME, **fields: Any) -> Submission:
    fields = {"script": "#!/bin/sh\necho hello\n", "script_name": "hello.sh", **fields}
    return build_job(
        JobSpec(**fields),
        environment or server(),
        job_id="abcd2345",
        submit_id="0123456789abcdef",
        namespace="hub",
        cwd=cwd,
        submit_host="jupyter-ann",
    )


def container(submission: Submission) -> dict[str, Any]:
    found: dict[str, Any] = submission.manifest["spec"]["template"]["spec"]["containers"][0]
    return found


def env(submission: Submission) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in container(submission)["env"]}


def exports(submission: Submission) -> dict[str, str]:
    """What the supervisor exports with KBATCH_ and SLURM_ before it."""
    return read_program(container(submission).get("command") or container(submission)["args"]).exports


@pytest.mark.parametrize("name", ["z2jh-pvc", "binder-minimal"])
def test_a_job_with_a_script_of_1_kib_is_under_8_kib_of_json(name: str) -> None:
    script = ("#!/bin/bash\n" + "echo 'a line of a script'\n" * 60)[:1024]
    body = json.dumps(build(server(name), script=script).manifest, separators=(",", ":"), ensure_ascii=False)
    assert len(body.encode()) < 8192


def test_the_script_travels_verbatim() -> None:
    script = "#!/bin/sh\necho '$(HOME) $$ \\n \u00e4 \U0001f600'\n\n"
    template = build(script=script).manifest["spec"]["template"]
    assert template["metadata"]["annotations"][labels.SCRIPT] == script


def test_arguments_are_escaped_for_kubernetes_expansion() -> None:
    args = ("a b", "$(HOME)", "$$", "it's", "new\nline", "\u00e4")
    words = container(build(args=args))["args"]
    assert words[:2] == ["/bin/sh", "/kbatch/bin/supervisor"]
    assert words[words.index("--") + 1 :] == ["/kbatch/bin/script", *map(escape, args)]
    assert "$$(HOME)" in words
    assert "$$$$" in words


def test_an_interpreter_goes_before_the_script() -> None:
    words = container(build(interpreter=("python3",), args=("x",)))["args"]
    assert words[words.index("--") + 1 :] == ["python3", "/kbatch/bin/script", "x"]


def test_an_image_of_the_users_own_gets_the_program_in_command() -> None:
    environment = Environment(image="images.example.org/other", user="ann", keep_entrypoint=False)
    made = container(build(environment))
    assert made["command"][0] == "/bin/sh"
    assert "args" not in made


def test_labels_are_slugs_and_annotations_hold_the_raw_text() -> None:
    submission = build(name="Größe ½ \U0001f600", account="ab/cd")
    metadata = submission.manifest["metadata"]
    assert metadata["labels"][labels.USER] != "user@email.com"
    assert metadata["annotations"][labels.USER] == "user@email.com"
    assert metadata["annotations"][labels.NAME] == "Größe ½ \U0001f600"
    assert metadata["annotations"][labels.ACCOUNT] == "ab/cd"
    assert metadata["name"].endswith("-abcd2345")
    assert labels.ACCOUNT not in build().manifest["metadata"]["annotations"]


def test_pods_carry_our_labels_and_none_that_the_hub_selects_on() -> None:
    template = build().manifest["spec"]["template"]
    assert template["metadata"]["labels"][labels.ID] == "abcd2345"
    assert template["metadata"]["labels"]["hub.jupyter.org/username"] == "user-email-com---0925f997"
    shared = build(server("nfs-gpu")).manifest["spec"]["template"]["metadata"]["labels"]
    assert "hub.jupyter.org/username" not in shared
    for name in ("app", "component", "release", "app.kubernetes.io/component"):
        assert name not in template["metadata"]["labels"]


def test_the_job_lives_without_the_server() -> None:
    submission = build()
    assert "ownerReferences" not in submission.manifest["metadata"]
    spec = submission.manifest["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert "serviceAccountName" not in spec
    assert spec["restartPolicy"] == "Never"


def test_a_disruption_counts_and_another_failure_ends_the_job() -> None:
    spec = build().manifest["spec"]
    assert [rule["action"] for rule in spec["podFailurePolicy"]["rules"]] == ["Count", "FailJob"]
    assert spec["backoffLimit"] == 5
    assert spec["podReplacementPolicy"] == "Failed"
    assert build(requeue=False).manifest["spec"]["backoffLimit"] == 0


def test_an_array_is_one_indexed_job() -> None:
    spec = build(array=parse_array("0-9%4")).manifest["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 10, 4)
    assert spec["backoffLimitPerIndex"] == 5
    assert "backoffLimit" not in spec
    assert spec["podFailurePolicy"]["rules"][1]["action"] == "FailIndex"
    assert "-i" in container(build(array=parse_array("0-9%4")))["args"]


def test_hold_is_suspend() -> None:
    assert build(hold=True).manifest["spec"]["suspend"] is True
    assert "suspend" not in build().manifest["spec"]


def test_the_time_limit_is_the_supervisors_with_a_pod_deadline_behind_it() -> None:
    submission = build(time_limit=90, signal=parse_signal("B:USR1@10"))
    args = container(submission)["args"]
    assert args[args.index("-t") + 1] == "90"
    assert args[args.index("-s") + 1] == "B:USR1@10"
    pod = submission.manifest["spec"]["template"]["spec"]
    assert pod["activeDeadlineSeconds"] == 90 + 30 + 3600
    assert pod["terminationGracePeriodSeconds"] == 10 + 30, "a drained node gives the signal its time as well"
    assert "terminationGracePeriodSeconds" not in build().manifest["spec"]["template"]["spec"]
    assert "activeDeadlineSeconds" not in submission.manifest["spec"], "it would count the time in the queue"


def test_resources_default_to_the_servers_and_flags_replace_them() -> None:
    assert container(build())["resources"] == {"requests": {"cpu": "500m", "memory": "1073741824"}}
    made = container(build(cpus=2000, memory=4 * 2**30, gpus=1))["resources"]
    assert made == {
        "requests": {"cpu": "2", "memory": "4Gi"},
        "limits": {"memory": "4Gi", "nvidia.com/gpu": "1"},
    }


def test_libraries_read_the_jobs_own_size() -> None:
    made = build(cpus=2500, memory=4 * 2**30)
    variables = env(made)
    assert exports(made)["CPUS_PER_TASK"] == "2"
    assert exports(made)["MEM_PER_NODE"] == "4096"
    assert variables["OMP_NUM_THREADS"] == "2"
    assert "OMP_NUM_THREADS" not in env(build()), "the server's own size was not asked for"
    assert env(build(cpus=2500, env={"OMP_NUM_THREADS": "1"}))["OMP_NUM_THREADS"] == "1"
    assert variables["CPU_GUARANTEE"] == "2.5"
    assert variables["MEM_LIMIT"] == str(4 * 2**30)


def test_the_users_variables_replace_copied_ones_in_place() -> None:
    environment = server("nfs-gpu")
    submission = build(environment, env={"SCRATCH_BUCKET": "s3://$mine", "NEW": "1"})
    names = [entry["name"] for entry in container(submission)["env"]]
    assert len(names) == len(set(names))
    assert names.index("SCRATCH_BUCKET") < names.index("PANGEO_SCRATCH")
    assert env(submission)["SCRATCH_BUCKET"] == "s3://$$mine"
    assert env(submission)["NEW"] == "1"


def test_output_files_are_absolute_and_below_home() -> None:
    submission = build(cwd=f"{HOME}/run", output="logs/%x-%j.txt", error="/home/jovyan/err", name="sim")
    args = container(submission)["args"]
    assert args[args.index("-o") + 1] == f"{HOME}/run/logs/sim-abcd2345.txt"
    assert args[args.index("-e") + 1] == "/home/jovyan/err"
    assert args[args.index("-d") + 1] == f"{HOME}/.kbatch/abcd2345"
    assert container(submission)["workingDir"] == f"{HOME}/run"


def test_the_default_output_is_in_the_working_directory() -> None:
    assert build().place.output == f"{HOME}/kbatch-abcd2345.out"
    assert build(array=parse_array("1-3")).place.output == f"{HOME}/kbatch-abcd2345_%a.out"


@pytest.mark.parametrize("pattern", ["/tmp/x.out", "/etc/x", "../../x", "/home/jovyan2/x"])
def test_an_output_that_would_be_lost_with_the_pod_is_refused(pattern: str) -> None:
    with pytest.raises(BadOption, match="is not on a disk that outlives the job"):
        build(output=pattern)


def test_dev_null_is_a_fine_output() -> None:
    assert build(output="/dev/null").place.output == "/dev/null"


def test_a_directory_outside_the_mounts_is_refused_when_named_and_replaced_with_a_word_when_not() -> None:
    with pytest.raises(BadOption, match="/opt/data is not on a disk that the job has"):
        build(workdir="/opt/data")
    submission = build(cwd="/opt/data")
    assert submission.place.workdir == HOME
    assert any("/opt/data is not on a disk" in warning for warning in submission.warnings)


def test_without_a_home_there_is_no_output_file_and_it_is_said() -> None:
    submission = build(server("binder-minimal"))
    assert submission.place.output == ""
    assert "-o" not in container(submission)["args"]
    assert any("no output file" in warning for warning in submission.warnings)
    with pytest.raises(BadOption, match="is not on a disk that outlives the job"):
        build(server("binder-minimal"), output="x.out")


def test_a_home_for_one_node_draws_the_job_there_and_a_shared_one_does_not() -> None:
    submission = build()
    affinity = submission.manifest["spec"]["template"]["spec"]["affinity"]
    assert affinity["nodeAffinity"], "what the server had is kept"
    assert affinity["podAffinity"] == {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {
                "labelSelector": {"matchLabels": {"hub.jupyter.org/username": "user-email-com---0925f997"}},
                "topologyKey": "kubernetes.io/hostname",
            }
        ]
    }
    assert any("one node" in warning for warning in submission.warnings)
    shared = build(server("nfs-gpu"))
    assert "affinity" not in shared.manifest["spec"]["template"]["spec"]
    assert shared.warnings == ()
