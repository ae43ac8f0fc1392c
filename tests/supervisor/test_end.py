"""How a script ended: its exit code or signal, whatever it is written in."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.supervisor.runs import NewRun, Run, Shell, side_by_side

# What these do by default is nothing, or no end.
NO_END = {"SIGCHLD", "SIGCLD", "SIGURG", "SIGWINCH", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"}
ENDING = [number for number in signal.Signals if number < 32 and number.name not in NO_END]


def test_exit_codes(new_run: NewRun, shell: Shell) -> None:
    """Each that a shell or the supervisor gives a meaning, and a few more; in dash also all that could have one:
    sysexits', signals' and what is near a power of two. KBATCH_LIVES=1000 has dash end with all 256."""
    codes = [*range(5), 42, *range(122, 132), 137, 143, 255]
    if shell.name == "dash":
        codes = [*range(10), 42, *range(62, 80), *range(120, 167), 191, 192, 193, *range(250, 256)]
        if "KBATCH_LIVES" in os.environ:
            codes = list(range(256))

    def end(code: int) -> tuple[int, int, str]:
        ended = new_run()("/bin/sh", "-c", f"exit {code}")
        assert ended.record is not None
        return ended.code, ended.record.exit, ended.record.reason

    assert side_by_side(end, codes) == [(code, code, "") for code in codes]


def test_signals(new_run: NewRun, shell: Shell) -> None:
    """Also INT and QUIT, which a shell has what it starts in the background ignore; busybox alone cannot undo it."""
    ending = [
        number
        for number in ENDING
        if shell.name != "busybox" or number not in (signal.SIGINT, signal.SIGQUIT)
    ]

    def end(number: int) -> tuple[int, bytes]:
        run = new_run()
        ended = run("/bin/sh", "-c", f"echo before; kill -{number} $$; echo after")
        return ended.code, run.output.read_bytes()

    assert side_by_side(end, ending) == [(128 + number, b"before\n") for number in ending]


SCRIPTS = {
    "bash": (
        "#!/bin/bash\nset -euo pipefail\necho one\ntest ${#BASH_VERSINFO[@]} -gt 0\nexit 4\n",
        4,
        b"one\n",
    ),
    "sh without a first line": ("echo one\nexit 5\n", 5, b"one\n"),
    "set -e": ("#!/bin/sh\nset -e\necho one\nfalse\necho two\n", 1, b"one\n"),
    "set -e with a trap": ("#!/bin/sh\nset -e\ntrap 'echo bye' EXIT\nfalse\n", 1, b"bye\n"),
    "python": (f"#!{sys.executable}\nimport sys\nprint('one')\nsys.exit(6)\n", 6, b"one\n"),
    "python by env": (
        f"#!/usr/bin/env -S {sys.executable} -u\nprint('one')\nraise SystemExit(7)\n",
        7,
        b"one\n",
    ),
    "an R-like first line with a flag": ("#!/bin/sh -e\necho one\nfalse\n", 1, b"one\n"),
    "ends by closing its output": ("#!/bin/sh\necho one\nexec >&- 2>&-\nexit 8\n", 8, b"one\n"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts(run: Run, name: str) -> None:
    text, code, output = SCRIPTS[name]
    ended = run(run.script(text))
    assert (ended.code, run.output.read_bytes(), ended.log) == (code, output, output)


def test_what_cannot_be_started(new_run: NewRun) -> None:
    """126 and 127, and the shell's or env's own words in the output."""

    def end(case: tuple[str, int]) -> tuple[int, bool]:
        kind, _ = case
        run = new_run()
        if kind == "missing":
            command = "/nowhere/program"
        elif kind == "interpreter":
            command = run.script("#!/opt/R/bin/Rscript --vanilla\n1\n")
        else:
            command = run.script("#!/bin/sh\n")
            (run.folder / "script").chmod(0o644)
        ended = run(command)
        return ended.code, command.encode() in run.output.read_bytes()

    cases = [("missing", 127), ("interpreter", 127), ("mode", 126)]
    assert side_by_side(end, cases) == [(code, True) for _, code in cases]


def test_arguments_arrive_unchanged(run: Run) -> None:
    args = ("a b", "it's", '"', "$HOME", "*", "new\nline", "", "-x", "--", "ä", "\\")
    run(run.script('#!/bin/sh\nprintf "%s|" "$@"\n'), *args)
    assert run.output.read_text() == "".join(f"{arg}|" for arg in args)


def test_the_scripts_input_is_empty_and_it_has_no_stranger_open(run: Run) -> None:
    run(run.script("#!/bin/sh\ncat; ls /proc/$$/fd\n"))
    # The shell that reads the script keeps it open as 10 or 255.
    assert set(run.output.read_text().split()) - {"10", "255"} == {"0", "1", "2"}
