"""One job with a random life: told to end, killed, cut off and started again at random moments.

What must hold, whatever happened, is in `violations`; the seed makes the same life again, but for the machine's own
timing.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import NamedTuple

from kbatch_core.history import UNKNOWN, past_row
from kbatch_core.model.record import parse_record
from tests.history.home import submitted
from tests.status.objects import NOW
from tests.supervisor.runs import Ended, Run, Shell

JOB = "abcd2345"
MOST_STARTS = 3

# Writes numbered lines, and notes each only when the write has returned.
WRITER = """#!/bin/sh
n=0
{trap}
while [ $n -lt {lines} ]; do
  n=$((n + 1))
  echo "{number} $n"
  echo $n >"{noted}"
done
{last}
exit {code}
"""
TRAPS = ["", "trap 'exit 0' TERM", "trap : TERM", "trap '' TERM"]
LASTS = ["", "sleep 0.2", "sleep 30 &", "(echo child >&2; exec sleep 30) &", "exec >/dev/null"]
CUT_OFF = ("all killed", "supervisor killed")
EVENTS = ["none", "none", "term", "term", "script killed", *CUT_OFF]


class Start(NamedTuple):
    """What was done to one start, and what it left: `ended` None = cut off before it could write its record."""

    event: str
    code: int
    trap: str
    lines: int
    noted: int
    ended: Ended | None
    counted: bool
    left: bool
    """Whether processes of it were there after it had ended."""


def live(seed: int, shell: Shell, folder: Path) -> list[str]:
    """Play the life of the seed; the violations."""
    chance = random.Random(seed)
    run = Run(folder, shell)
    history = submitted(run.home, JOB)
    starts: list[Start] = []
    for number in range(chance.randint(1, MOST_STARTS)):
        starts.append(_start(run, chance, number))
        if starts[-1].ended is not None and starts[-1].event not in ("term", *CUT_OFF):
            break  # Kubernetes starts it again only after a disruption
    past = history.read(JOB)
    assert past is not None
    row = past_row(past, NOW, gone=True)
    return [f"seed {seed}: {text}" for text in violations(run, starts, row.state, row.exit_code)]


def _start(run: Run, chance: random.Random, number: int) -> Start:
    event = chance.choice(EVENTS)
    trap = chance.choice(TRAPS)
    code = chance.choice([0, 0, 1, 3, 127])
    lines = chance.choice([0, 1, 50, 400, 2000])
    noted = run.folder / f"noted{number}"
    script = run.script(
        WRITER.format(
            number=number, trap=trap, lines=lines, noted=noted, last=chance.choice(LASTS), code=code
        ),
        f"script{number}",
    )
    before = _lines(run)
    process = run.start(script, options={"k": "0.3", "u": "0.5"})
    if event != "none":
        time.sleep(chance.random() * chance.choice([0.02, 0.1, 0.3]))
    if event == "all killed":
        run.kill()
    elif event == "supervisor killed":
        # As process 1 of a container it takes all others with it.
        process.kill()
        run.kill()
    elif event == "term":
        process.terminate()
    elif event == "script killed":
        _kill_script(script)
    ended = run.finish()
    text = noted.read_text() if noted.exists() else ""
    counted = _lines(run) > before
    left = _wait_gone(process.pid)
    return Start(event, code, trap, lines, int(text or 0), ended if ended.message else None, counted, left)


def _lines(run: Run) -> int:
    starts = run.records / "starts"
    return starts.read_text().count("\n") if starts.exists() else 0


def _wait_gone(group: int) -> bool:
    """Whether processes of the group are left after some patience: the timers end a moment after the supervisor."""
    for _ in range(80):
        if not _has_members(group):
            return False
        time.sleep(0.05)
    return True


def _has_members(group: int) -> bool:
    """Whether the process group has a process that is more than an entry waiting to be reaped."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, member_of = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(member_of) == group and state != "Z":
            return True
    return False


def _kill_script(script: str) -> None:
    for process in _processes(script):
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            if words[:1] == [b"/bin/sh"]:
                os.kill(process, signal.SIGKILL)
        except OSError:
            continue


def _processes(text: str) -> list[int]:
    """Whose command line or environment has the text."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (path / "cmdline").read_bytes() + (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def violations(run: Run, starts: list[Start], state: str, exit_code: int | None) -> list[str]:
    """Each rule that was broken, in a sentence."""
    found: list[str] = []
    last = starts[-1]
    record_file = run.records / "record.json"
    # One terminal record, or reported as unknown.
    if last.ended is None:
        # Cut off in its first milliseconds it never was a start, and the record before stands.
        if last.counted and state != UNKNOWN:
            found.append(f"{last.event}: an unknown end is reported as {state}")
    else:
        # Killed between the two writes, it has the one only: the container's message.
        kept = record_file.read_bytes() if record_file.exists() else b""
        record = parse_record(last.ended.message)
        if kept != last.ended.message and (kept or last.event not in CUT_OFF):
            found.append("the record in home is not that of the last start")
        if kept and record is not None and exit_code != record.exit:
            found.append(f"reported exit {exit_code}, it was {record.exit}")
        if kept and record is not None and (state == "CD") != (record.exit == 0):
            found.append(f"exit {record.exit} is reported as {state}")
        if not kept and state != UNKNOWN:
            found.append(f"{last.event}: an unknown end is reported as {state}")
    for number, start in enumerate(starts):
        found += [f"start {number} ({start.event}): {text}" for text in _of_start(run, number, start)]
    return found


def _of_start(run: Run, number: int, start: Start) -> list[str]:
    found: list[str] = []
    text = run.output.read_text() if run.output.exists() else ""
    lines = [line for line in text.splitlines() if line.startswith(f"{number} ")]
    numbers = [int(line.split()[1]) for line in lines if line.split()[1:]]
    if start.ended is None:
        numbers = numbers[:-1]  # the last one may be cut off
    if numbers != list(range(1, len(numbers) + 1)):
        found.append("lines are missing, twice, or out of order")
    if start.left:
        found.append("its processes go on")
    if start.ended is None:
        return found
    record = parse_record(start.ended.message)
    if record is None or (record.exit != start.ended.code and start.event not in CUT_OFF):
        return [*found, f"no good record: {start.ended.message!r}"]
    if len(numbers) < start.noted:
        found.append(f"{start.noted} lines were written, {len(numbers)} are in the file")
    if start.ended.log.decode().count("\n") < start.noted:
        found.append("the container's log is not whole")
    if start.event == "none" and (record.exit != start.code or len(numbers) != start.lines or record.reason):
        found.append(f"left alone it should exit {start.code}: {record}")
    if start.event == "term" and record.reason == "Terminated" and record.exit == 0:
        found.append("told to end, and called a success")
    if start.event == "script killed" and record.exit not in (start.code, 137):
        found.append(f"killed, and exit {record.exit}")
    return found
