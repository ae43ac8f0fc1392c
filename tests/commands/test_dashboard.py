"""The dashboard on a real pty in front of the real control plane: it goes on whatever happens there, and says it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kbatch_core.model import labels
from tests.commands.fleet import Fleet
from tests.commands.terminal import Terminal

pytestmark = pytest.mark.cluster


def opened(fleet: Fleet, home: Path, *args: str, **more: str) -> Terminal:
    environ = {"KUBECONFIG": str(fleet.kubeconfig()), "HOME": str(home), "JUPYTERHUB_USER": "ann", **more}
    return Terminal("kqueue", *args, environ=environ, columns=120, lines=30)


def leave(terminal: Terminal) -> None:
    """By `q`: the terminal is whole and nothing was said that a user cannot read."""
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert terminal.modes() <= {"7", "25"}
    assert b"Traceback" not in terminal.raw


def test_it_lives_through_a_restart_of_the_api_server_and_any_size(fleet: Fleet, tmp_path: Path) -> None:
    fleet.submit(name="before", hold=True)
    with opened(fleet, tmp_path) as terminal:
        terminal.wait_for(lambda text: "before" in text and "LIVE" in text, "the job")
        fleet.cluster.stop_api_server()
        try:
            terminal.wait_for(lambda text: "RETRY" in text or "STALE" in text, "the loss to be said")
            assert "before" in terminal.text(), "what was known stays"
            terminal.type("c")
            terminal.wait_for(lambda text: "out of date" in text, "a write to be refused")
            terminal.resize(60, 12)
            terminal.wait_for(lambda text: len(text.splitlines()) == 12, "the smaller size")
            terminal.resize(140, 40)
        finally:
            fleet.cluster.start_api_server()
        after = fleet.submit(name="after", hold=True)
        terminal.wait_for(lambda text: "after" in text and "LIVE" in text, "news")
        # The cursor is still on the first job; the new one is above it.
        terminal.type("kc")
        named = f"{after.metadata.labels[labels.ID]}  after  ("
        terminal.wait_for(lambda text: "Yes, cancel" in text and named in text, "a question")
        terminal.look(1)  # an answer counts from a moment after the question is seen
        terminal.type("y")
        fleet.wait_ended(after)
        terminal.wait_for(lambda text: "cancelled" in text, "the cancelled job")
        leave(terminal)


def test_who_may_read_nothing_is_told_so(fleet: Fleet, tmp_path: Path) -> None:
    config = yaml.safe_load(fleet.kubeconfig().read_text())
    user = {"name": "nobody", "user": {"token": fleet.cluster.token(fleet.namespace, "nobody")}}
    config["users"] = [user]
    for context in config["contexts"]:
        context["context"]["user"] = "nobody"
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    with opened(fleet, tmp_path, KUBECONFIG=str(path)) as terminal:
        terminal.wait_for(
            lambda text: "You may not read jobs" in text and "U tries again" in text, "the refusal"
        )
        leave(terminal)


def test_a_namespace_that_is_not_there_has_no_jobs(fleet: Fleet, tmp_path: Path) -> None:
    with opened(fleet, tmp_path, "--namespace", "no-such-place") as terminal:
        terminal.wait_for(lambda text: "No jobs of ann" in text and '"no-such-place"' in text, "a sentence")
        leave(terminal)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (None, "There is no Kubernetes cluster to talk to"),
        ("apiVersion: v1\nclusters: 3\n", "kubeconfig"),
        ("{{{", "kubeconfig"),
    ],
    ids=["none", "wrong", "no YAML"],
)
def test_without_a_cluster_it_says_what_to_do(tmp_path: Path, config: str | None, sentence: str) -> None:
    environ = {"HOME": str(tmp_path)}
    if config is not None:
        path = tmp_path / "config"
        path.write_text(config)
        environ["KUBECONFIG"] = str(path)
    with Terminal("kqueue", environ=environ, columns=120, lines=30) as terminal:
        # What is painted comes in pieces.
        terminal.wait_for(lambda text: sentence in text and "U tries again" in text, "what to do")
        leave(terminal)
