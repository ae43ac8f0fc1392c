"""Which files can be a script, and how each is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadScript
from kbatch_core.model.script import check_script
from kbatch_core.scripts import read_script


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "x.sh is empty."),
        (b" \n\n", "x.sh is empty."),
        (b"#!/bin/sh\n\x7fELF\0", "x.sh:2: a NUL byte"),
        (b"#!/bin/sh\necho \xff\n", "x.sh:2: not UTF-8 text."),
        (b"#!/bin/sh\r\necho\r\n", "x.sh:1: the line ends in a DOS line break"),
        (b"\xef\xbb\xbf#!/bin/sh\n", "x.sh:1: a byte order mark"),
        (b"\n\n#!/bin/bash\necho\n", "x.sh:3: the #! line counts in the first line only"),
        (b"# by me\n#! /bin/bash\necho\n", "x.sh:2: the #! line counts in the first line only"),
        (b"#" * (20 << 20), "x.sh has 20 MiB; a script may have 16 MiB."),
    ],
)
def test_what_cannot_be_a_script_is_one_sentence_with_the_line(data: bytes, sentence: str) -> None:
    with pytest.raises(BadScript) as caught:
        check_script("x.sh", data)
    assert caught.value.sentence.startswith(sentence)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "text", "interpreter"),
    [
        ("a.sh", "#!/bin/bash\n", ()),
        ("a.py", "#!/usr/bin/env python3\n", ()),
        ("a.py", "print(1)\n", ("python3",)),
        ("a.R", "print(1)\n", ("Rscript",)),
        ("a.jl", "println(1)\n", ("julia",)),
        ("a.sh", "echo\n", ("/bin/sh",)),
        ("noname", "echo\n", ("/bin/sh",)),
        ("a.sh", "echo\n#!/bin/bash\n", ("/bin/sh",)),
        ("a.sh", "# a\n#SBATCH -t 5\n#!comment\n", ("/bin/sh",)),
    ],
)
def test_the_interpreter_is_the_first_lines_else_the_names(
    name: str, text: str, interpreter: tuple[str, ...]
) -> None:
    assert check_script(name, text.encode()).interpreter == interpreter


def test_unreadable_paths_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadScript, match="There is no file"):
        read_script(str(tmp_path / "missing.sh"))
    with pytest.raises(BadScript, match="is a directory"):
        read_script(str(tmp_path))


def test_a_pipe_is_no_script_and_one_that_a_shell_opened_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path / "pipe"), "/dev/zero"):
        with pytest.raises(BadScript, match="is no file but a pipe or a device"):
            read_script(path)
    reader, writer = os.pipe()
    os.write(writer, b"#!/bin/sh\necho\n")
    os.close(writer)
    assert read_script(f"/dev/fd/{reader}").text == "#!/bin/sh\necho\n"
    os.close(reader)


def test_a_file_as_large_as_data_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "data.ipynb").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadScript, match="has 1048576 MiB: that is data"):
        read_script(str(tmp_path / "data.ipynb"))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_script_or_one_sentence(data: bytes) -> None:
    try:
        assert check_script("x", data).text.encode() == data
    except BadScript as error:
        assert error.sentence.startswith("x")


def test_a_notebook_has_no_interpreter() -> None:
    script = check_script("x.ipynb", b'{"cells": [{"cell_type": "code", "source": "x"}]}')
    assert script.interpreter == ()
    assert '"source": "x"' in script.text
