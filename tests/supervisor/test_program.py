"""The program as it travels: small, free of shellcheck's complaints, and the same as the source that people read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.model.arrays import ArraySpec, from_numbers
from kbatch_core.model.jobspec import TERM_TO_KILL_SECONDS
from kbatch_core.model.patterns import expand_final
from kbatch_core.runner import readable, supervisor_program, supervisor_source
from kbatch_core.runner.packing import short_names
from kbatch_core.runner.words import file_pattern, file_word, task_parts
from tests.supervisor.runs import Run, Shell, side_by_side

SCRIPT = """#!/bin/sh
echo out; echo err >&2; env | grep -E '^(KBATCH|SLURM)_' | grep -v -E 'START|END|PROGRESS|SUPERVISOR' | sort
echo "2/9 half" >$KBATCH_PROGRESS
"""


def test_it_is_at_most_4_kib_and_of_about_200_lines() -> None:
    assert len(supervisor_program().encode()) <= 4096
    assert len(supervisor_source().splitlines()) <= 220


def test_what_people_are_told_of_its_patience_is_so() -> None:
    assert f"_k={TERM_TO_KILL_SECONDS} " in supervisor_source()


def test_shellcheck_has_nothing_to_say() -> None:
    source = Path(__file__).parents[2] / "kbatch_core/runner/supervisor.sh"
    result = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), source], capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (0, "")


CASES: list[tuple[str, dict[str, str]]] = [
    ("exit 3", {}),
    ("exit 3", {"o": "{home}/$(printf %03d $KBATCH_ARRAY_TASK_ID).txt", "i": "2:5+1* 3:10+2*"}),
    ("sleep 9", {"t": "1", "k": "0.2"}),
    ("trap 'exit 0' TERM; sleep 9 & wait", {"t": "1", "k": "0.2", "e": "{home}/err"}),
    ("trap : USR1; sleep 9 & wait; exit 4", {"t": "9", "s": "USR1@8", "m": "truncate"}),
    ("exit 0", {"o": "", "d": ""}),
]
MOMENT = re.compile(rb'(start|end)":\d+')


def test_source_and_program_behave_alike(tmp_path: Path, shell: Shell) -> None:
    """Exit, log, output, record and exports; the packed form is what every other test here runs."""
    programs = {"source": supervisor_source(), "packed": supervisor_program()}

    def end(which: tuple[str, int]) -> tuple[object, ...]:
        name, number = which
        last, options = CASES[number]
        run = Run(tmp_path / f"{name}{number}", shell, programs[name])
        ended = run(
            run.script(SCRIPT + last),
            options={letter: value.format(home=run.home) for letter, value in options.items()},
            environ={"JOB_COMPLETION_INDEX": "3"},
        )
        files = {
            str(path.relative_to(run.home)): b""
            if path.name.startswith("starts")
            else MOMENT.sub(b"", path.read_bytes())
            for path in sorted(run.home.rglob("*"))
            if path.is_file()
        }
        return ended.code, ended.log, ended.log_err, MOMENT.sub(b"", ended.message), files

    numbers = range(len(CASES))
    seen = side_by_side(end, [(name, number) for name in programs for number in numbers])
    assert seen[: len(CASES)] == seen[len(CASES) :]
    assert [entry[0] for entry in seen[: len(CASES)]] == [3, 3, 124, 124, 4, 0]


def test_people_read_the_source_of_what_is_theirs_and_else_what_travelled() -> None:
    assert readable(supervisor_program()) == supervisor_source()
    assert readable("echo of another version\n") == "echo of another version\n"


def test_short_names_are_one_to_one() -> None:
    program = supervisor_source()
    names = short_names("\n".join(line for line in program.splitlines() if not line.lstrip().startswith("#")))
    assert len(set(names.values())) == len(names)
    assert all(len(short) <= 2 for short in names.values())
    assert all(names[name] == name for name in names if len(name) == 2)


PATTERNS = st.lists(
    st.sampled_from(["%%", "%a", "%4a", "%10a", "%N", *"/ '\"$`\\~*{ä", "$(x)", "_b"])
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="%"), max_size=5),
    max_size=8,
).map("".join)  # fmt: skip


@given(PATTERNS)
def test_a_pattern_comes_back_from_its_word(pattern: str) -> None:
    assert file_pattern(file_word(pattern)) == pattern


def test_a_word_is_what_the_pattern_means(shell: Shell) -> None:
    """Hundreds of patterns through the shell's own eval, at once."""

    @given(PATTERNS)
    def collect(found: str) -> None:
        patterns.append(found)

    patterns: list[str] = ["~/x", "~", "#", "a b", "%aa", "%4a%N%%a", "-n"]
    collect()
    program = "".join("eval '_f='\"$1\"; printf '%s\\0' \"$_f\"; shift\n" for _ in range(200))
    for at in range(0, len(patterns), 200):
        chunk = patterns[at : at + 200]
        result = subprocess.run(
            [*shell.command, "-c", program, "sh", *map(file_word, chunk)],
            capture_output=True,
            env={
                "PATH": shell.path,
                "KBATCH_ARRAY_TASK_ID": "42",
                "KBATCH_JOB_NODELIST": "node1.example.org",
            },
        )
        names = result.stdout.decode().split("\0")[: len(chunk)]
        assert names == [expand_final(pattern, 42, "node1.example.org") for pattern in chunk]


@given(st.sets(st.integers(0, 4_000_000), min_size=1, max_size=40))
def test_task_parts_say_the_numbers(numbers: set[int]) -> None:
    array = ArraySpec(from_numbers(sorted(numbers)))
    found = []
    for part in task_parts(array).split():
        count, expression = part.split(":")
        found += [eval(f"{expression}{index}") for index in range(int(count))]  # what the shell's $(( )) does
    assert found == array.numbers()


def test_a_task_finds_its_number(tmp_path: Path, shell: Shell) -> None:
    array = ArraySpec(from_numbers([0, 6, 16, 17, 18, 30, 34, 38]))

    def end(index: int) -> tuple[str, int | None]:
        run = Run(tmp_path / str(index), shell)
        ended = run(
            "/bin/sh", "-c", "echo $SLURM_ARRAY_TASK_ID",
            options={"o": f"{run.home}/t_${{KBATCH_ARRAY_TASK_ID}}", "i": task_parts(array)},
            environ={"JOB_COMPLETION_INDEX": str(index)},
        )  # fmt: skip
        number = array.task(index)
        assert (run.records / f"record-{number}.json").exists()
        return (run.home / f"t_{number}").read_text(), ended.record.task if ended.record else None

    assert side_by_side(end, range(array.count)) == [(f"{number}\n", number) for number in array.numbers()]
