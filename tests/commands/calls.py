"""kqueue and kbatch as a user calls them, in this process, which is what makes hundreds of calls affordable."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import click
import msgspec
import pytest

from kqueue_tui.cli.kbatch import kbatch
from kqueue_tui.cli.kqueue import kqueue
from kqueue_tui.cli.run import main
from tests.commands.fleet import Fleet

IMAGE = "images.example.org/none:1"


class Result(msgspec.Struct, frozen=True):
    """What came of a call."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[list[str]]:
        """The words of each line of stdout."""
        return [line.split() for line in self.out.splitlines()]


def call(*args: str, input: str = "") -> Result:
    """`kqueue ARGS`, the first of which is a command, with nothing a terminal."""
    # The loader of kubeconfigs reads KUBECONFIG once in the life of a process.
    return _run(
        kqueue, "kqueue", [args[0], "--kubeconfig", os.environ["KUBECONFIG"], *args[1:]], input.encode()
    )


def submit(*args: str, input: bytes = b"") -> Result:
    """`kbatch --image=IMAGE ARGS`: what a session outside of a cluster has to say."""
    return _run(
        kbatch, "kbatch", [f"--image={IMAGE}", "--kubeconfig", os.environ["KUBECONFIG"], *args], input
    )


def _run(command: click.Command, prog: str, args: list[str], input: bytes) -> Result:
    out, err = io.BytesIO(), io.BytesIO()
    with (
        contextlib.redirect_stdout(io.TextIOWrapper(out, "utf-8", write_through=True)),
        contextlib.redirect_stderr(io.TextIOWrapper(err, "utf-8", write_through=True)),
        _stdin(input),
    ):
        code = main(command, prog, args)
        texts = out.getvalue().decode(), err.getvalue().decode()
    return Result(code, *texts)


@contextlib.contextmanager
def _stdin(data: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), "utf-8")
    try:
        yield
    finally:
        sys.stdin = before


def as_user(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, home: str, user: str = "ann") -> None:
    """The rest of the test is a session of `user` in the fleet's namespace."""
    monkeypatch.setenv("KUBECONFIG", str(fleet.kubeconfig()))
    monkeypatch.setenv("JUPYTERHUB_USER", user)
    monkeypatch.setenv("HOME", home)
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
