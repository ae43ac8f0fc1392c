"""What is submitted: a script file, standard input, `--wrap` or a command after `--`; and the lines of --map-file."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import msgspec

from kbatch_core.errors import BadOption, BadScript
from kbatch_core.model.arrays import MAX_TASKS, ArraySpec, from_numbers, parse_array
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.script import check_script
from kbatch_core.scripts import read_script
from kqueue_tui.cli.command_line import CommandLine


class Source(msgspec.Struct, frozen=True):
    """A script as it will run. `name` is the default of the job's name."""

    name: str
    text: str
    interpreter: tuple[str, ...] = ()
    args: tuple[str, ...] = ()

    def of(self, spec: JobSpec) -> JobSpec:
        """`spec` with this script."""
        return msgspec.structs.replace(
            spec, script=self.text, script_name=self.name, interpreter=self.interpreter, args=self.args
        )


def read_source(line: CommandLine) -> Source | None:
    """The script of a command line; None when there is none on it. Raises BadOption, BadScript."""
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
        # What --map-file adds comes after the words that were typed.
        name = line.words[0].rpartition("/")[2]
        return Source(name, f'#!/bin/sh\nexec {shlex.join(line.words)} "$@"\n')
    if line.words:
        script = read_script(line.words[0])
        return Source(script.name, script.text, script.interpreter, line.words[1:])
    return None


def read_stdin() -> Source:
    """The script on standard input. Raises BadOption, BadScript."""
    if sys.stdin.isatty():
        raise BadOption("There is no script to submit.", "Write kbatch SCRIPT [ARG...]; see kbatch --help.")
    script = check_script("stdin", sys.stdin.buffer.read())
    return Source("stdin", script.text, script.interpreter)


def read_lines(name: str) -> tuple[ArraySpec, tuple[str, ...]]:
    """(tasks, their lines) of `--map-file FILE[%N]`. Raises BadOption, BadScript."""
    path, percent, throttle = name.rpartition("%")
    if not percent or not throttle.isdigit() or Path(name).exists():
        path, throttle = name, ""
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise BadScript(
            f"--map-file {path} cannot be read: {error.strerror}.", "Give a file with a line for each task."
        ) from error
    return map_lines(data, path, throttle)


def map_lines(data: bytes, path: str, throttle: str = "") -> tuple[ArraySpec, tuple[str, ...]]:
    """(tasks, their lines): a task has the number of its line, and a blank line has none."""
    if b"\0" in data:
        raise BadScript(f"--map-file {path} has a NUL byte: it is not text.", "Give a file of lines.")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        where = data.count(b"\n", 0, error.start) + 1
        raise BadScript(
            f"--map-file {path}:{where}: not UTF-8 text.", f"Convert it: iconv -t utf-8 {path}."
        ) from error
    lines = {
        number: line.removesuffix("\r") for number, line in enumerate(text.split("\n"), 1) if line.strip()
    }
    if not lines:
        raise BadScript(f"--map-file {path} has no line.", "Write a line for each task.")
    if len(lines) > MAX_TASKS:
        raise BadScript(
            f"--map-file {path} has {len(lines)} lines, and {MAX_TASKS} tasks are allowed.",
            "Let each task do several pieces of the work.",
        )
    ranges = from_numbers(list(lines))
    limit = parse_array(f"1%{throttle}").throttle if throttle else None
    return ArraySpec(ranges, limit), tuple(lines.values())
