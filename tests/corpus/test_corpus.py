"""Every script of the corpus: accepted with what was ignored by name, or refused for a stated reason."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from kbatch_core.errors import BadOption
from kbatch_core.model.options.directives import Directives, read_directives
from tests.corpus.corpus import HERE, SCRIPTS, as_toml, asked, outcome, resolved

EXPECTED = tomllib.loads((HERE / "expected.toml").read_text())

# Per cent of 50 public job scripts that have the option (counted once; a GPU in any spelling).
MEASURED = {
    "job-name": 90, "time": 85, "output": 78, "partition": 70, "error": 62, "cpus-per-task": 52, "mem": 50,
    "nodes": 48, "account": 38, "GPU": 36, "ntasks": 32, "qos": 22, "mail-type": 22, "ntasks-per-node": 18,
    "array": 12, "constraint": 10, "chdir": 8, "mem-per-cpu": 4,
}  # fmt: skip
GPU = {"gpus", "gres", "gpus-per-node", "gpus-per-task"}

ACCEPTED = [script for script in SCRIPTS if "refused" not in EXPECTED[script.name]]
REFUSED = [script for script in SCRIPTS if "refused" in EXPECTED[script.name]]


def directives(script: Path) -> Directives | None:
    try:
        return read_directives(script.read_text(), script.name)
    except BadOption:
        return None


def test_there_are_enough() -> None:
    assert len(SCRIPTS) >= 40
    assert sorted(EXPECTED) == [script.name for script in SCRIPTS]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_what_comes_of_it(script: Path) -> None:
    assert outcome(script) == EXPECTED[script.name]


@pytest.mark.parametrize("script", ACCEPTED, ids=lambda path: path.name)
def test_nothing_is_dropped_without_a_word(script: Path) -> None:
    options = resolved(script)
    told = {item.flag for item in options.ignored}
    told |= {value.option.flag for values in options.values.values() for value in values}
    found = read_directives(script.read_text(), script.name)
    assert {given.option.flag for given in (*found.sbatch, *found.kbatch)} <= told


@pytest.mark.parametrize("script", REFUSED, ids=lambda path: path.name)
def test_a_refusal_says_where_and_what_to_do(script: Path) -> None:
    with pytest.raises(BadOption) as caught:
        asked(resolved(script))
    line = int(caught.value.where.removeprefix(f"{script.name}:"))
    assert script.read_text().splitlines()[line - 1].startswith("#SBATCH")
    assert caught.value.hint


def test_the_corpus_looks_like_the_scripts_that_were_counted() -> None:
    shares: Counter[str] = Counter()
    readable = [found for found in map(directives, SCRIPTS) if found is not None and found.sbatch]
    for found in readable:
        names = {given.option.name for given in found.sbatch}
        shares.update(names | {"GPU"} if names & GPU else names)
    far = {
        name: (100 * shares[name] // len(readable), share)
        for name, share in MEASURED.items()
        if not share - 15 <= 100 * shares[name] / len(readable) <= share + 15
    }
    assert not far


def test_what_is_printed_is_what_is_compared() -> None:
    assert tomllib.loads(as_toml({script.name: outcome(script) for script in SCRIPTS})) == EXPECTED
