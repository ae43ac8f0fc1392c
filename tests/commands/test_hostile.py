"""Text that somebody else chose, such as names and messages: no command lets it act on the terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbatch_core.model import labels
from kbatch_core.model.objects import Job
from kbatch_core.status.reading import id_of
from tests.cluster import wait_for
from tests.commands.calls import Result, as_user, call
from tests.commands.fleet import Fleet
from tests.commands.terminal import Terminal

pytestmark = pytest.mark.cluster

HOSTILE = (
    "a\x1b]0;title\x07b\x1b[2J\x1b[31mred\x1b[0m\r\nnext\tline\u202egnirts\u2066x\x9b31my\x00z\x7f|[/x][red]"
)
NAMES = (labels.NAME, labels.USER, labels.ACCOUNT, labels.COMMENT, labels.COMMAND)


@pytest.fixture
def hostile(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Fleet, Job]]:
    """A job whose every text is hostile, as somebody who speaks to the API alone can make it, and that failed."""
    as_user(fleet, monkeypatch, str(tmp_path))
    text = HOSTILE.replace("\0", "")
    job = fleet.submit(annotations=dict.fromkeys(NAMES, text))
    record = {"id": job.metadata.labels[labels.ID], "exit": 3, "start": 1, "end": 2,
              "output_error": text, "reason": text, "node": text}  # fmt: skip
    (pod,) = fleet.run(job)
    fleet.event(pod, text)
    fleet.finish(pod, 3, message=json.dumps(record))
    fleet.wait_ended(job)
    yield fleet, job


def tame(text: str) -> bool:
    """Whether nothing in it can act on a terminal or reorder what is read."""
    return all(line.isprintable() for line in text.split("\n"))


CALLS = [
    ("list", "-a"), ("list", "-l", "-a"), ("list", "-o", "%i|%j|%u|%a|%k|%o|%Z|%R|%r", "-a"),
    ("list", "-o", "why", "-a"),
    ("list", "-O", "name:90,comment:90,hint,sentence,account", "-a"), ("list", "--json", "-a"),
    ("show", "ID"), ("show", "-o", "json", "ID"), ("show", "-o", "yaml", "ID"), ("eff", "ID"), ("wait", "ID"),
    ("cancel", "ID"), ("hold", "ID"), ("release", "ID"), ("update", "--throttle", "1", "ID"),
    ("shell", "ID", "--", "x"), ("logs", "ID"), ("history",), ("rerun", "-i", "ID"),
    ("delete", "-i", "ID"), ("delete", "-y", "ID"),
]  # fmt: skip


def test_no_command_passes_it_on(hostile: tuple[Fleet, Job]) -> None:
    _, job = hostile
    job_id = job.metadata.labels[labels.ID]
    for words in CALLS:
        result = call(*(word.replace("ID", job_id) for word in words), input="n\n")
        assert tame(result.out), (words, result.out)
        assert tame(result.err), (words, result.err)
        assert "Traceback" not in result.err, (words, result.err)
        if words[0] == "list" and "--json" not in words:
            assert len(result.out.splitlines()) == 2, (words, result.out)


def test_what_is_typed_is_not_passed_on_either(hostile: tuple[Fleet, Job]) -> None:
    text = "\x1b[31mx\u202e"
    calls: list[Result] = [call(name, text) for name in ("show", "cancel", "wait", "logs", "eff")]
    calls += [call("list", option, text) for option in ("-o", "-O", "-S", "-t", "--since", f"--{text}")]
    for result in calls:
        assert result.code, result
        assert tame(result.err), result


def test_a_job_that_was_given_the_id_of_another_is_not_taken_for_it(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_user(fleet, monkeypatch, str(tmp_path))
    own = fleet.submit(hold=True)
    other = fleet.submit(hold=True, user="bob", name="zz")
    fleet.api.patch_job(other.metadata.name, {"metadata": {"labels": {labels.ID: id_of(own)}}})
    assert call("show", "-o", "json", id_of(own)).json()["metadata"]["uid"] == own.metadata.uid
    fleet.api.patch_job(other.metadata.name, {"metadata": {"labels": {labels.USER: "ann"}}})
    refused = call("cancel", id_of(own))
    assert refused.code == 2
    assert own.metadata.name in refused.err
    assert labels.CANCELLED_AT not in fleet.get(own).metadata.annotations
    assert call("cancel", own.metadata.name).code == 0
    assert labels.CANCELLED_AT in fleet.get(own).metadata.annotations


def test_on_a_terminal_only_states_are_coloured(hostile: tuple[Fleet, Job], tmp_path: Path) -> None:
    fleet, job = hostile
    job_id = job.metadata.labels[labels.ID]
    environ = {"KUBECONFIG": str(fleet.kubeconfig()), "HOME": str(tmp_path), "JUPYTERHUB_USER": "ann"}
    for words in (("list", "-a"), ("show", job_id), ("show", "--script", job_id), ("cancel", job_id)):
        with Terminal("kqueue", *words, environ=environ, columns=300, lines=60) as terminal:
            terminal.wait_end()
            plain = re.sub(rb"\x1b\[[0-9;]*m(F)\x1b\[0m|\x1b\[31m\x1b\[1m(F)\x1b\[0m", b"F", terminal.raw)
            text = plain.decode().replace("\r\n", "\n")
            assert tame(text), (words, text)


def test_a_watch_shows_it_tamed(hostile: tuple[Fleet, Job], tmp_path: Path) -> None:
    fleet, _ = hostile
    other = fleet.submit(hold=True, annotations=dict.fromkeys(NAMES, HOSTILE.replace("\0", "")))
    environ = {"KUBECONFIG": str(fleet.kubeconfig()), "HOME": str(tmp_path), "JUPYTERHUB_USER": "ann",
               "NO_COLOR": "1"}  # fmt: skip
    with Terminal("kqueue", "list", "--watch", environ=environ, columns=200) as terminal:
        terminal.wait_for(lambda text: other.metadata.labels[labels.ID] in text, "the job")
        wait_for(lambda: fleet.client.release(other), what="the release")
        terminal.wait_for(lambda text: "JobHeldUser" not in text, "a change")
        terminal.interrupt()
        terminal.wait_end()
        allowed = re.compile(rb"\x1b\[(\?1049[hl]|\?25[hl]|H|K|J)")
        assert tame(allowed.sub(b"", terminal.raw).decode().replace("\r\n", "\n").replace("^C", ""))
