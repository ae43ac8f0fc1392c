"""A script that is too large for a Job is a file in home before the Job is sent, and gone when that is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kbatch_core.client import Client
from kbatch_core.cluster.api import Api
from kbatch_core.cluster.settings import Settings
from kbatch_core.cluster.transport import Transport
from kbatch_core.environment import Environment, Mount, Session
from kbatch_core.errors import BadOption, BadScript, PolicyDenied
from kbatch_core.manifest import Submission
from kbatch_core.manifest.carry import StagedFile
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.staging import remove_staged, write_staged
from tests.manifest.test_job import build, container
from tests.scripted import ScriptedServer

LARGE = "#!/bin/sh\n" + "# a comment\n" * 6000


def environment(home: Path) -> Environment:
    mount = {"name": "home", "mountPath": str(home)}
    return Environment(
        image="x", user="ann", home=str(home), volumes=({"name": "home", "hostPath": {"path": "/x"}},),
        volume_mounts=(mount,), mounts=(Mount(path=str(home), volume="home", persistent=True),),
    )  # fmt: skip


def client(url: str, home: Path) -> Client:
    session = Session(cwd=str(home), home=str(home), user="ann", host="h", in_pod=True, environ={})
    return Client(Api(Transport(Settings(server=url, namespace="hub"))), session)


def prepared(client: Client, home: Path, **fields: Any) -> Submission:
    return client.prepare(JobSpec(script=LARGE, script_name="big.sh", **fields), environment(home))


def test_up_to_64_kib_travel_in_the_job() -> None:
    text = "#!/bin/sh\n".ljust(64 * 1024, "#")
    assert build(script=text).files == ()
    submission = build(script=text + "#")
    (file,) = submission.files
    assert file == StagedFile("/home/jovyan/.kbatch/abcd2345/script", (text + "#").encode())
    words = container(submission)["args"]
    assert words[words.index("--") + 1] == file.path
    assert len(json.dumps(submission.manifest)) < 8192


def test_a_large_script_without_a_home_is_refused_with_a_hint() -> None:
    with pytest.raises(
        BadScript, match=r"hello\.sh has 70 KiB; without a home 64 KiB are possible"
    ) as caught:
        build(Environment(image="x", keep_entrypoint=False), script=LARGE)
    assert "image" in caught.value.hint


def test_lines_of_a_map_file_travel_and_are_staged_in_the_same_way() -> None:
    words = container(build(lines=("a b", "c")))["args"]
    assert words[words.index("--") + 1 : words.index("--") + 3] == ["/bin/sh", "-c"]
    (file,) = build(lines=("x" * 999,) * 100).files
    assert file.path.endswith("/.kbatch/abcd2345/lines")


def test_the_file_is_there_before_the_job_is_sent(tmp_path: Path) -> None:
    there: list[str] = []

    class Looking(ScriptedServer):
        def _next(self, method: str, path: str, headers: dict[str, str]) -> Any:
            there.extend(str(found) for found in tmp_path.rglob("script"))
            return super()._next(method, path, headers)

    with Looking([(201, {"Content-Type": "application/json"}, b'{"metadata":{"name":"x"}}')]) as server:
        here = client(server.url, tmp_path)
        submission = prepared(here, tmp_path)
        here.submit(submission)
    path = tmp_path / ".kbatch" / submission.job_id / "script"
    assert there == [str(path)]
    assert path.read_text() == LARGE
    assert path.stat().st_mode & 0o777 == 0o700
    names = {found.name for found in path.parent.iterdir()}
    assert names == {"job.json", "script"}, "nothing half-written stays"


def test_a_refused_job_leaves_no_file_and_a_dry_run_writes_none(tmp_path: Path) -> None:
    refusal = b'{"kind":"Status","status":"Failure","code":422,"reason":"Invalid","message":"no"}'
    with ScriptedServer([(422, {"Content-Type": "application/json"}, refusal)]) as server:
        here = client(server.url, tmp_path)
        submission = prepared(here, tmp_path)
        for dry_run in (True, False):
            with pytest.raises(PolicyDenied):
                here.submit(submission, dry_run=dry_run)
            assert list((tmp_path / ".kbatch").glob("*")) == []


def test_the_same_submit_again_keeps_the_file_and_another_script_is_refused(tmp_path: Path) -> None:
    here = client("http://127.0.0.1:1", tmp_path)
    first = prepared(here, tmp_path, submit_id="s")
    assert len(write_staged(first.files)) == 1
    assert write_staged(prepared(here, tmp_path, submit_id="s").files) == []
    with pytest.raises(BadOption, match="--submit-id"):
        write_staged([StagedFile(first.files[0].path, b"another")])
    assert Path(first.files[0].path).read_text() == LARGE


def test_a_full_or_missing_home_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    files = [
        StagedFile(str(tmp_path / "id" / "script"), b"x"),
        StagedFile(str(tmp_path / "file" / "y"), b"x"),
    ]
    with pytest.raises(BadScript, match=r"cannot be written: (Not a directory|File exists)"):
        write_staged(files)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    remove_staged([tmp_path / "gone" / "already"])
