"""What is submitted: a script file, standard input, `--wrap`, or a command after `--`."""

from __future__ import annotations

import shlex
import sys

import msgspec

from kbatch_core.client import read_script
from kbatch_core.errors import BadOption
from kbatch_core.model.script import check_script
from kqueue_tui.cli.command_line import CommandLine


class Source(msgspec.Struct, frozen=True):
    """A script as it will run. `name` is the default of the job's name."""

    name: str
    text: str
    interpreter: tuple[str, ...] = ()
    args: tuple[str, ...] = ()


def read_source(line: CommandLine) -> Source:
    """The script of a command line. Raises BadOption, BadScript."""
    wrapped = line.typed.get("wrap")
    if wrapped is not None:
        if line.words:
            raise BadOption("--wrap is itself the script.", f"Take {line.words[0]!r} away, or --wrap.")
        return Source("wrap", f"#!/bin/sh\n{wrapped}\n")
    if line.command:
        if not line.words:
            raise BadOption(
                "There is no command after --.", "Write the command to run: kbatch -- python x.py."
            )
        return Source(line.words[0].rpartition("/")[2], f"#!/bin/sh\nexec {shlex.join(line.words)}\n")
    if line.words:
        script = read_script(line.words[0])
        return Source(script.name, script.text, script.interpreter, line.words[1:])
    if sys.stdin.isatty():
        raise BadOption("There is no script to submit.", "Write kbatch SCRIPT [ARG...]; see kbatch --help.")
    script = check_script("stdin", sys.stdin.buffer.read())
    return Source("stdin", script.text, script.interpreter)
