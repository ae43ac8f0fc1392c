"""Being told to end: TERM, the time limit, signals before it, and what came from the script."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.cluster.processes import wait_for
from tests.supervisor.runs import NewRun, Run, Shell, python, side_by_side

STUBBORN = "#!/bin/sh\ntrap 'echo asked' TERM\necho started\nwhile :; do sleep 0.05; done\n"
POLITE = "#!/bin/sh\ntrap 'echo asked; exit 0' TERM\necho started\nwhile :; do sleep 0.05; done\n"
PLAIN = "#!/bin/sh\necho started\nsleep 1000\n"


def wait_output(run: Run, text: str = "started") -> None:
    wait_for(lambda: run.output.exists() and text in run.output.read_text(), what=f"{text} in the output")


def ids_of(run: Run) -> list[int]:
    """The living processes whose command line or environment names the run's folder."""
    mark = str(run.folder).encode() + b"/"
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (path / "cmdline").read_bytes() + (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def read_if_there(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("script", "code", "output"),
    [(POLITE, 143, "asked\n"), (STUBBORN, 137, "asked\n"), (PLAIN, 143, "")],
    ids=["traps and exits 0", "ignores it", "dies of it"],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_term(run: Run, script: str, code: int, output: str, number: signal.Signals) -> None:
    """Asked to end, then killed; and what was told to end has not succeeded."""
    process = run.start(run.script(script), options={"k": "1" if script == STUBBORN else "30"})
    wait_output(run)
    process.send_signal(number)
    ended = run.finish()
    assert ended.record is not None
    assert (ended.code, ended.record.exit, ended.record.reason) == (code, code, "Terminated")
    # A shell may tell of its killed child in between.
    told = run.output.read_text()
    assert told.startswith("started\n")
    assert output in told
    assert ids_of(run) == []


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_all_of_its_group_cuts_no_output(run: Run, number: signal.Signals) -> None:
    # When bash loses the end of the script, as the supervisor says, what comes after -k seconds finds it.
    script = "#!/bin/sh\ntrap 'echo last; exit 0' TERM HUP INT\necho started\nwhile :; do sleep 0.05; done\n"
    process = run.start(run.script(script), options={"k": "8"})
    wait_output(run)
    os.killpg(process.pid, number)
    ended = run.finish()
    assert ended.record is not None
    assert (ended.code, ended.record.reason, ended.record.output_error) == (143, "Terminated", "")
    assert "last\n" in run.output.read_text()


def test_time_limit(new_run: NewRun) -> None:
    """Exit 124 and TimeLimit, however the script takes it; not when it had ended before."""

    def end(script: str) -> tuple[int, str, str]:
        run = new_run()
        ended = run(run.script(script), options={"t": "1", "k": "1" if script == STUBBORN else "30"})
        assert ended.record is not None
        # A shell may tell of its killed child in between.
        return ended.code, ended.record.reason, run.output.read_text().replace("Terminated\n", "")

    scripts = [POLITE, STUBBORN, PLAIN, "#!/bin/sh\necho started\nexit 3\n"]
    assert side_by_side(end, scripts) == [
        (124, "TimeLimit", "started\nasked\n"),
        (124, "TimeLimit", "started\nasked\n"),
        (124, "TimeLimit", "started\n"),
        (3, "", "started\n"),
    ]


def test_a_signal_before_the_limit(new_run: NewRun, shell: Shell) -> None:
    """`USR1@1` goes to all, `B:USR1@1` to the script alone; one for later than the limit is not sent."""
    script = (
        "#!/bin/sh\ntrap 'echo script' USR1\n"
        "/bin/sh -c 'trap \"echo child\" USR1; while :; do sleep 0.05; done' &\n"
        "echo started\nwhile :; do sleep 0.05; done\n"
    )

    def end(value: str) -> list[str]:
        run = new_run()
        run(run.script(script), options={"t": "2", "k": "0.3", "s": value})
        return sorted(line for line in run.output.read_text().splitlines() if line in ("script", "child"))

    assert side_by_side(end, ["USR1@1", "B:USR1@1", "USR1@9"]) == [["child", "script"], ["script"], []]


def test_a_signal_before_the_pod_is_ended(new_run: NewRun) -> None:
    """Told to end, the script has its signal first, then its seconds, then TERM; a script that ends then has ended.

    Once: not again at TERM, and not when it was sent before the limit already.
    """
    script = "#!/bin/sh\ntrap 'echo warned; %s' USR1\ntrap 'echo asked; exit 0' TERM\necho started\n%s\n"
    loop = "while :; do sleep 0.05; done"

    def end(given: tuple[str, str, dict[str, str]]) -> tuple[int, str, list[str]]:
        on_signal, body, options = given
        run = new_run()
        process = run.start(run.script(script % (on_signal, body)), options={"k": "5", **options})
        wait_output(run, "warned" if "t" in options else "started")
        process.send_signal(signal.SIGTERM)
        ended = run.finish()
        assert ended.record is not None
        words = [word for word in run.output.read_text().split() if word in ("warned", "asked")]
        return ended.code, ended.record.reason, words

    assert side_by_side(
        end,
        [
            (":", loop, {"s": "USR1@1"}),
            ("exit 0", loop, {"s": "USR1@600"}),
            (":", loop, {"s": "B:USR1@1"}),
            (":", loop, {"s": "USR1@59", "t": "60"}),
        ],
    ) == [
        (143, "Terminated", ["warned", "asked"]),
        (143, "Terminated", ["warned"]),
        (143, "Terminated", ["warned", "asked"]),
        (143, "Terminated", ["warned", "asked"]),
    ]


def test_int_reaches_a_python_script(run: Run, shell: Shell) -> None:
    """It does not when it is ignored from the start, as a shell has it for what it starts in the background.

    GNU's env gives it back; with busybox alone it stays ignored, as docs/supervisor.md says.
    """
    code = "import time\nprint('started', flush=True)\ntry: time.sleep(60)\nexcept KeyboardInterrupt: print('INT')"
    run(*python(code), options={"t": "3", "s": "B:INT@2", "k": "5"})
    assert run.output.read_text() == ("started\n" if shell.name == "busybox" else "started\nINT\n")


TREE = """#!/bin/sh
trap : TERM
setsid sh -c 'trap "echo own session >>$1" TERM; echo up >>$1; while :; do sleep 0.05; done' x "$1" &
(trap 'echo child >>$1' TERM; echo up >>$1; while :; do sleep 0.05; done) >/dev/null 2>&1 &
env -i sh -c 'trap "echo no environment >>$1" TERM; echo up >>$1; while :; do /bin/sleep 0.05; done' x "$1" &
while [ "$(grep -c up "$1")" != 3 ]; do sleep 0.05; done
echo started
while :; do wait; done
"""


def test_term_and_kill_reach_the_whole_tree(run: Run) -> None:
    """Also what has left the session, sends its output elsewhere, or has thrown its environment away."""
    seen = run.folder / "seen"
    process = run.start(run.script(TREE), str(seen), options={"k": "2"})
    wait_output(run)
    process.terminate()
    ended = run.finish()
    assert ended.code == 137
    assert sorted(set(seen.read_text().splitlines())) == ["child", "no environment", "own session", "up"]
    assert ids_of(run) == []


@pytest.mark.parametrize(
    "how", ["sleep 1000 &", "setsid sleep 1000 &", "env -i sleep 1000 &", "nohup sleep 1000 &"]
)
def test_what_the_script_left_running_does_not_keep_the_pod(run: Run, how: str) -> None:
    ended = run(run.script(f"#!/bin/sh\n{how}\necho done\nexit 3\n"), run.folder.name)
    assert ended.code == 3
    assert "done\n" in run.output.read_text()
    assert ids_of(run) == []


def test_the_seconds_of_a_signal_are_the_script_s(run: Run) -> None:
    """Told to end, it has its signal, and no TERM as long as these seconds last."""
    go = run.folder / "go"
    script = "#!/bin/sh\ntrap 'echo warned' USR1\ntrap 'echo asked' TERM\necho started\n"
    process = run.start(
        run.script(f"{script}until [ -e {go} ]; do sleep 0.05; done\n"), options={"s": "USR1@60", "k": "60"}
    )
    wait_output(run)
    process.terminate()
    wait_output(run, "warned")
    go.touch()
    ended = run.finish()
    assert (ended.code, "asked" in run.output.read_text()) == (143, False)


@pytest.mark.parametrize(
    ("first", "then", "code", "reason"),
    [
        (signal.SIGTERM, signal.SIGUSR1, 143, "Terminated"),
        (signal.SIGUSR1, signal.SIGTERM, 124, "TimeLimit"),
    ],
)
def test_the_first_reason_to_stop_counts(
    run: Run, first: signal.Signals, then: signal.Signals, code: int, reason: str
) -> None:
    """USR1 is what the timer of the limit sends."""
    script = "#!/bin/sh\ntrap 'echo asked; [ ! $again ] || exit 0; again=1' TERM\necho started\n"
    process = run.start(run.script(f"{script}while :; do sleep 0.05; done\n"), options={"k": "60"})
    wait_output(run)
    process.send_signal(first)
    wait_output(run, "asked")
    process.send_signal(then)
    ended = run.finish()
    assert ended.record is not None
    assert (ended.code, ended.record.reason) == (code, reason)


def test_its_timers_end_when_it_is_killed(run: Run) -> None:
    process = run.start(run.script(PLAIN), options={"u": "1"})
    wait_output(run)
    process.kill()
    process.wait()  # a process that nobody has waited for can still be signalled

    def timers() -> list[bytes]:
        lines = [Path(f"/proc/{number}/cmdline") for number in ids_of(run)]
        return [line for line in map(read_if_there, lines) if b"/supervisor\0" in line]

    try:
        wait_for(lambda: not timers(), what="the timers to end")
    finally:
        run.kill()


def test_two_hundred_children(run: Run) -> None:
    """They are told to end, those that do not are killed, and no line of theirs is lost."""
    script = f"""#!/bin/sh
i=0
while [ $((i += 1)) -le 200 ]; do
  sh -c 'trap "echo asked" TERM; echo up; while :; do sleep 30 & wait $!; done' {run.folder}/ &
done
while [ $(grep -c up {run.output}) != 200 ]; do sleep 0.1; done
echo started
while :; do wait; done
"""
    process = run.start(run.script(script), options={"k": "4"})
    wait_output(run)
    process.terminate()
    ended = run.finish()
    assert ended.code == 143
    assert run.output.read_text().count("asked\n") == 200
    assert ids_of(run) == []


def test_term_before_the_script_runs_is_not_lost(new_run: NewRun) -> None:
    """At any moment of the start: the script is told, or never runs, and the record says so."""

    def end(delay: int) -> tuple[int, str]:
        run = new_run()
        process = run.start(run.script(PLAIN))
        seen = 0
        while seen < delay and process.poll() is None:
            seen += 1
            run.message.stat()
        process.terminate()
        ended = run.finish()
        return ended.code, ended.record.reason if ended.record else "no record"

    outcomes = side_by_side(end, range(0, 4000, 400), workers=4)
    assert set(outcomes) <= {(143, "Terminated"), (143, "no record")}, outcomes
    assert (143, "Terminated") in outcomes
