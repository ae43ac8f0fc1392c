"""Words of a line, and options out of words: as sbatch reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model.options.option import Option
from kbatch_core.model.options.words import read_command_line, read_words, split_words
from tests.model.fuzz import fuzz, near, value_or_bad_option


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  --mem=4G   -c 4\t", ["--mem=4G", "-c", "4"]),
        ('--job-name="my job"', ["--job-name=my job"]),
        ("--comment='a \"b\" c'", ['--comment=a "b" c']),
        (r"--job-name=my\ job", ["--job-name=my job"]),
        (r"--comment=\"x\"", ['--comment="x"']),
        ("--mem=4G # four", ["--mem=4G"]),
        ("# all of it", []),
        ("--job-name=a#b", ["--job-name=a"]),
        (r"--job-name=a\#b", ["--job-name=a#b"]),
        ("--comment='a # b'", ["--comment=a # b"]),
        ('--comment "" --mem=4G', ["--comment", "", "--mem=4G"]),
        (r"-o \\%j.out", ["-o", r"\%j.out"]),
        ("-J a\\", ["-J", "a"]),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert split_words(line) == words


@pytest.mark.parametrize("line", ['--job-name="x', "-J 'x", "it's"])
def test_an_open_quote(line: str) -> None:
    with pytest.raises(BadOption, match="not closed"):
        split_words(line)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("--mem=4G", [("mem", "4G")]),
        ("--mem 4G", [("mem", "4G")]),
        ("-c4", [("cpus-per-task", "4")]),
        ("-c 4", [("cpus-per-task", "4")]),
        ("-N 1 -n1", [("nodes", "1"), ("ntasks", "1")]),
        ("-HQ", [("hold", ""), ("quiet", "")]),
        ("-HJx", [("hold", ""), ("job-name", "x")]),
        ("--exclusive --mem=1G", [("exclusive", ""), ("mem", "1G")]),
        ("--exclusive=user", [("exclusive", "user")]),
        ("--nice -t 5", [("nice", ""), ("time", "5")]),
        ("-k", [("no-kill", "")]),
        ("--export=A,B=x=y", [("export", "A,B=x=y")]),
        ("--job-name=", [("job-name", "")]),
        ("-J --x", [("job-name", "--x")]),
    ],
)
def test_options(line: str, found: list[tuple[str, str]]) -> None:
    assert [(given.option.name, given.text) for given in read_words(line.split())] == found


@pytest.mark.parametrize(
    ("line", "sentence", "hint"),
    [
        ("--mem", "--mem needs a value", "--mem SIZE"),
        ("-c", "-c needs a value", "-c N"),
        ("--hold=yes", "takes no value", "--hold"),
        ("-c=4", "'=4'", "--cpus-per-task=4"),
        ("-p=gpu", "'=gpu'", "-p gpu"),
        ("-mem 4G", "one dash", "--mem"),
        ("PackJob", "several parts", "a job for each part"),
        ("-time=1:00", "one dash", "--time=1:00"),
        ("-output x", "one dash", "--output"),
        ("–mem=4G", "long dash", "--mem=4G"),
        ("job-name=x", "not an option", "--job-name=x"),
        ("4G", "not an option", "quotes"),
        ("--", "not an option", "kbatch --help"),
        ("-", "not an option", "quotes"),
        ("hetjob", "several parts", "a job for each part"),
        ("--nodez=2", "not an option", "--nodes"),
        ("-y", "-y is not an option", "kbatch --help"),
    ],
)
def test_slips(line: str, sentence: str, hint: str) -> None:
    with pytest.raises(BadOption) as caught:
        read_words(line.split())
    assert sentence in caught.value.sentence
    assert hint in caught.value.hint


OTHERS = {"context": Option("context", "", metavar="NAME"), "version": Option("version", "", kind="flag")}


@pytest.mark.parametrize(
    ("line", "options", "words", "command"),
    [
        ("", [], [], False),
        ("-c 4 --mem=1G job.sh -c 9", [("cpus-per-task", "4"), ("mem", "1G")], ["job.sh", "-c", "9"], False),
        ("--image x -Q", [("image", "x"), ("quiet", "")], [], False),
        ("-H -- date -u", [("hold", "")], ["date", "-u"], True),
        ("-- -- x", [], ["--", "x"], True),
        ("- a", [], ["-", "a"], False),
        ("--context k --version x", [("context", "k"), ("version", "")], ["x"], False),
        ("--context=k", [("context", "k")], [], False),
        ("--exclusive job.sh", [("exclusive", "")], ["job.sh"], False),
    ],
)
def test_a_command_line(line: str, options: list[tuple[str, str]], words: list[str], command: bool) -> None:
    given, rest, dashes = read_command_line(line.split(), OTHERS)
    assert [(item.option.name, item.text) for item in given] == options
    assert (rest, dashes) == (words, command)


@pytest.mark.parametrize("line", ["--version=1", "--context", "--contex k", "-y", "--nodez"])
def test_slips_on_a_command_line(line: str) -> None:
    with pytest.raises(BadOption):
        read_command_line(line.split(), OTHERS)


@fuzz
@given(near("-=tJmemNc 4G\"'\\#:"))
def test_any_line_is_read_or_refused(line: str) -> None:
    value_or_bad_option(lambda text: read_words(split_words(text)), line)


@fuzz
@given(st.lists(st.text(max_size=8), max_size=4))
def test_quoted_words_come_back(words: list[str]) -> None:
    line = " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
    assert split_words(line) == words
