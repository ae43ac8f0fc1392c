"""What `kqueue local clean` ends before it removes the state."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbatch_core.errors import ConnectionFailed
from kbatch_core.local.kubelet.leftovers import end_all
from kbatch_core.local.kubelet.process import MARK, Attempt, Start
from tests.cluster import wait_for


@pytest.fixture
def attempt(tmp_path: Path) -> Iterator[Attempt]:
    """A container that runs."""
    one = Attempt(tmp_path / "pods/a-pod/containers/main/0")
    environ = {MARK: str(one.folder), "PATH": os.defpath}
    one.launch(Start(["sleep", "600"], environ, "/", str(tmp_path / "log"), 1 << 20, 2))
    wait_for(lambda: (told := one.started()) and told.pid, what="the container to run")
    yield one
    one.close()
    assert not one.is_alive()
    one.close()


def keeper_of(attempt: Attempt) -> int:
    started = attempt.started()
    assert started is not None
    return started.keeper


def test_a_keeper_has_its_last_word(attempt: Attempt, tmp_path: Path) -> None:
    """It still writes when all of its processes are gone; who removes its folder then, trips over it."""
    os.kill(keeper_of(attempt), signal.SIGSTOP)
    pauses = 0

    def pause(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 3:
            assert not attempt.has_leftovers()
            os.kill(keeper_of(attempt), signal.SIGCONT)
        wait_for(lambda: pauses <= 3 or not attempt.is_alive(), what="the keeper's end")

    end_all(tmp_path / "pods", sleep=pause)
    end = attempt.exit()
    assert end is not None
    assert end.code == 137


def test_what_does_not_end_is_said(attempt: Attempt, tmp_path: Path) -> None:
    os.kill(keeper_of(attempt), signal.SIGSTOP)
    with pytest.raises(ConnectionFailed, match="do not end"):
        end_all(tmp_path / "pods", 0.0, sleep=lambda seconds: None)
    os.kill(keeper_of(attempt), signal.SIGCONT)
    end_all(tmp_path / "pods")


def test_a_keeper_that_has_said_its_last_word_is_waited_for(attempt: Attempt, tmp_path: Path) -> None:
    """It is written a moment before the keeper is gone, and `clean` promises that no process is left."""
    keeper = keeper_of(attempt)
    os.kill(keeper, signal.SIGSTOP)
    (attempt.folder / "exit.json").write_text('{"code": 0, "since": 1, "until": 2}')
    end_all(tmp_path / "pods", sleep=lambda seconds: os.kill(keeper, signal.SIGCONT))
    assert not attempt.is_alive()
