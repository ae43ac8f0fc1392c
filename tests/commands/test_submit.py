"""kbatch as a user calls it, on the real control plane; kubectl is the witness of what was submitted."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kbatch_core.model import labels
from tests.commands.calls import IMAGE, submit
from tests.commands.fleet import Fleet
from tests.commands.test_bad_input import KUBECONFIG, started

pytestmark = pytest.mark.cluster

HELLO = "#!/bin/bash\n#SBATCH --time=1:00:00 --nodelist=n1\n\n\techo hello $1  \n"


@pytest.fixture
def here(ann: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """ann stands in a directory with a script."""
    (tmp_path / "hello.sh").write_text(HELLO)
    monkeypatch.chdir(tmp_path)
    return ann


def jobs(fleet: Fleet) -> list[dict[str, Any]]:
    """Every Job of the namespace."""
    found: list[dict[str, Any]] = fleet.cluster.get("jobs", "-n", fleet.namespace)["items"]
    return found


def job(fleet: Fleet, job_id: str) -> dict[str, Any]:
    """The one Job with this id."""
    (found,) = [one for one in jobs(fleet) if one["metadata"]["labels"][labels.ID] == job_id]
    return found


def carried(found: dict[str, Any], what: str = labels.SCRIPT) -> str:
    """The script, or another file, that the pods get."""
    text: str = found["spec"]["template"]["metadata"]["annotations"][what]
    return text


def program(found: dict[str, Any]) -> list[str]:
    """The script's own words of the container's command."""
    words: list[str] = found["spec"]["template"]["spec"]["containers"][0]["command"]
    return words[words.index("--") + 1 :]


def test_a_script_standard_input_wrap_and_a_command(here: Fleet) -> None:
    ids = [
        submit(*words, input=data).out.strip()
        for words, data in (
            (("--parsable", "hello.sh", "-x", "two words", "--wait"), b""),
            (("--parsable", "-J", "piped"), HELLO.encode()),
            (("--parsable", "--wrap", "date | tee log; exit 3"), b""),
            (("--parsable", "--", "python", "-c", "print('$(A) it is')"), b""),
        )
    ]
    script, piped, wrapped, command = (job(here, job_id) for job_id in ids)
    assert carried(script) == HELLO
    assert program(script)[1:] == ["-x", "two words", "--wait"]
    assert carried(piped) == HELLO
    assert piped["metadata"]["name"] == f"piped-{ids[1]}"
    assert carried(wrapped) == "#!/bin/sh\ndate | tee log; exit 3\n"
    assert wrapped["metadata"]["name"] == f"wrap-{ids[2]}"
    assert carried(command) == """#!/bin/sh\nexec python -c 'print('"'"'$(A) it is'"'"')' "$@"\n"""
    assert command["metadata"]["name"] == f"python-{ids[3]}"


def test_what_is_printed_is_the_id_and_all_else_is_on_stderr(here: Fleet) -> None:
    plain = submit("hello.sh")
    parsable = submit("--parsable", "hello.sh")
    quiet = submit("-Q", "hello.sh")
    as_json = submit("--json", "hello.sh")
    assert all(result.code == 0 for result in (plain, parsable, quiet, as_json))
    words, _, plain_id = plain.out.strip().rpartition(" ")
    assert words == "Submitted batch job"
    row = as_json.json()
    assert (row["name"], row["state"], row["time_limit"]) == ("hello.sh", "PD", 3600)
    named = {plain_id, parsable.out.strip(), row["id"]}
    assert len(named) == 3
    assert quiet.out == quiet.err == ""
    for result in (plain, parsable, as_json):
        assert "kbatch: Ignored: --nodelist." in result.err.splitlines()
    there = {one["metadata"]["labels"][labels.ID] for one in jobs(here)}
    assert named < there
    assert len(there) == 4


def test_strict_refuses_what_is_otherwise_ignored(here: Fleet) -> None:
    result = submit("--strict", "hello.sh")
    assert (result.code, result.out) == (2, "")
    assert "--nodelist would be ignored" in result.err
    assert jobs(here) == []


def test_the_same_submit_id_makes_one_job(here: Fleet) -> None:
    first, second = (submit("--submit-id=night-7", "--parsable", "hello.sh") for _ in range(2))
    assert first.code == second.code == 0
    assert first.out == second.out
    assert submit("--submit-id=night-8", "--parsable", "hello.sh").out != first.out
    assert len(jobs(here)) == 2


def test_a_dry_run_prints_exactly_what_is_sent(here: Fleet, tmp_path: Path) -> None:
    size = ("-c", "2", "--mem=1G", "--array=1-3%2")
    options = ("--submit-id=twice", *size, "--comment=é: it's", "hello.sh", "a b")
    as_yaml, as_json = submit("--dry-run", *options), submit("--dry-run=json", *options)
    assert as_yaml.code == as_json.code == 0
    assert jobs(here) == []
    sent = yaml.safe_load(as_yaml.out)
    assert sent == as_json.json()
    for form in ("yaml", "json"):
        assert submit("--dry-run", "-o", form, *options).out == {"yaml": as_yaml, "json": as_json}[form].out
    # A person reads the script in it as it was written.
    assert all(line.strip(" ") in as_yaml.out for line in HELLO.splitlines())
    (tmp_path / "job.yaml").write_text(as_yaml.out)
    by_kubectl = json.loads(
        here.cluster.kubectl(
            "create", "-f", str(tmp_path / "job.yaml"), "--dry-run=server", "-o", "json"
        ).stdout
    )
    submit(*options)
    (made,) = jobs(here)
    for one in (by_kubectl, made):
        # What the API server adds, each time anew.
        one.pop("status", None)
        one["spec"].pop("selector")
        for name in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"):
            one["metadata"].pop(name, None)
        for name in [name for name in one["spec"]["template"]["metadata"]["labels"] if "-uid" in name]:
            one["spec"]["template"]["metadata"]["labels"].pop(name)
    assert by_kubectl == made


def test_like_submits_an_earlier_job_with_changes(
    here: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = submit("--parsable", "--mem=1G", "--comment=first", "hello.sh", "a b").out.strip()
    (tmp_path / "hello.sh").write_text("#!/bin/sh\necho changed since\n")
    (tmp_path / "other.sh").write_text("#!/bin/sh\n#SBATCH --mem=9G\necho other\n")
    monkeypatch.setenv("KBATCH_MEM", "7G")
    again = submit(f"--like={first[:6]}", "--parsable", "-t", "5")
    other = submit("--like", first, "--parsable", "other.sh", "b")
    assert again.code == other.code == 0, again.err + other.err
    base, same, changed = job(here, first), job(here, again.out.strip()), job(here, other.out.strip())
    assert carried(same) == carried(base) == HELLO
    assert program(same) == program(base)
    assert carried(changed) == "#!/bin/sh\n#SBATCH --mem=9G\necho other\n"
    assert program(changed)[1:] == ["b"]
    for one in (base, same, changed):
        assert one["metadata"]["annotations"][labels.COMMENT] == "first"
        assert one["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] == "1Gi"
    limits = [one["metadata"]["annotations"][labels.TIME_LIMIT] for one in (base, same, changed)]
    assert limits == ["3600", "300", "3600"]
    assert "with --like that job's options count, and the lines of other.sh do not" in other.err
    missing = submit("--like=zzzz9999")
    assert missing.code == 1
    assert 'There is no job "zzzz9999"' in missing.err


def test_a_map_file_makes_a_task_of_each_line(here: Fleet, tmp_path: Path) -> None:
    lines = "alpha 1\n\nbeta  '2'\r\ngamma $3"
    (tmp_path / "lines.txt").write_text(lines)
    from_file = submit("--map-file=lines.txt%2", "--parsable", "hello.sh")
    from_stdin = submit("--map-file", "-", "--parsable", "hello.sh", input=lines.encode())
    assert from_file.code == from_stdin.code == 0, from_file.err + from_stdin.err
    for result, parallelism in ((from_file, 2), (from_stdin, 3)):
        made = job(here, result.out.strip())
        assert (made["spec"]["completions"], made["spec"]["parallelism"]) == (3, parallelism)
        assert carried(made, labels.LINES) == "alpha 1\nbeta  '2'\ngamma $3\n"
        # A task has the number of its line.
        assert made["metadata"]["annotations"][labels.ARRAY].partition("%")[0] == "1,3-4"
    command = submit("--map-file=lines.txt", "--parsable", "--", "printf", "<%s>", "first")
    script = carried(job(here, command.out.strip()))
    line = "beta  '2'"
    ran = subprocess.run(
        ["/bin/sh", "-c", script, "script", line], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"<first><{line}>"
    refused = submit("--map-file=lines.txt", "--array=1-3", "hello.sh")
    assert refused.code == 2
    assert "exclude each other" in refused.err
    assert len(jobs(here)) == 3


def test_ten_thousand_tasks_are_one_submit(here: Fleet) -> None:
    result = submit("--array=0-19998:2%5", "--hold", "--parsable", "hello.sh")
    assert result.code == 0, result.err
    made = job(here, result.out.strip())
    assert (made["spec"]["completions"], made["spec"]["parallelism"]) == (10_000, 5)
    assert made["spec"]["suspend"] is True


def test_test_only_asks_the_server_and_submits_nothing(here: Fleet) -> None:
    accepted = submit("--test-only", "hello.sh")
    assert (accepted.code, accepted.out.splitlines()[0].split()[0]) == (0, "accepted")
    limit = {"type": "Container", "max": {"memory": "2Gi"}}
    here.cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "small", "namespace": here.namespace},
            "spec": {"limits": [limit]},
        }
    )
    refused = submit("--test-only", "--json", "--mem=4G", "hello.sh")
    assert refused.code == 1
    assert refused.json()["runs"] is False
    assert any("2G" in text for subject, text in refused.json()["report"] if subject == "limits"), refused.out
    assert jobs(here) == []


def test_an_interrupted_submit_says_how_to_find_out(tmp_path: Path) -> None:
    """Ctrl-C while the answer is awaited: the API server here never gives one."""
    (tmp_path / "hello.sh").write_text(HELLO)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        (tmp_path / "config").write_text(KUBECONFIG.replace("URL", address))
        kbatch = started(
            "kbatch", f"--image={IMAGE}", "--submit-id=night-7", "hello.sh",
            cwd=tmp_path, KUBECONFIG=str(tmp_path / "config"),
        )  # fmt: skip
        connection, _ = server.accept()
        with connection:
            assert connection.recv(4) == b"POST"
            kbatch.send_signal(signal.SIGINT)
            out, err = kbatch.communicate(timeout=60)
    assert (kbatch.returncode, out) == (130, "")
    assert "whether job" in err
    assert "kqueue show" in err
    assert "--submit-id night-7" in err
    assert "Traceback" not in err
