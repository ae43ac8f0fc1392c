"""#SBATCH and #KBATCH lines: where they are read, where reading ends, and where an error points."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption, BadScript
from kbatch_core.model.options.directives import Directives, read_directives
from tests.model.fuzz import fuzz, value_or_bad_option


def found(text: str, file: str = "job.sh") -> list[tuple[str, str, str]]:
    directives = read_directives(text, file)
    return [
        (given.option.name, given.text, given.where) for given in (*directives.kbatch, *directives.sbatch)
    ]


def test_the_header_of_a_script() -> None:
    text = "#!/bin/bash\n\n#SBATCH -J a --mem=4G\n  # comment\n#KBATCH --image=x\n\t\n#SBATCH -c 2\ndate\n"
    assert found(text) == [
        ("image", "x", "job.sh:5"),
        ("job-name", "a", "job.sh:3"),
        ("mem", "4G", "job.sh:3"),
        ("cpus-per-task", "2", "job.sh:7"),
    ]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.py", "#!/usr/bin/env python3\n#SBATCH -c 2\nimport os\n#SBATCH -c 9\n"),
        ("a.R", "#SBATCH -c 2\nlibrary(sf)\n"),
        ("a.jl", "#SBATCH -c 2\nusing Base\n"),
        ("a.pl", "#!/usr/bin/perl\n#SBATCH -c 2\nuse strict;\n"),
        ("a", "#!/bin/sh\n#SBATCH -c 2"),
    ],
)
def test_any_language_whose_comments_begin_with_a_hash(file: str, text: str) -> None:
    assert [item[:2] for item in found(text, file)] == [("cpus-per-task", "2")]


@pytest.mark.parametrize(
    "line", ["##SBATCH -c 2", "# SBATCH -c 2", " #SBATCH -c 2", "#sbatch -c 2", "//SBATCH -c 2"]
)
def test_what_sbatch_does_not_read_either(line: str) -> None:
    assert found(f"#!/bin/sh\n{line}\n") == []


def test_no_space_after_the_word_is_needed() -> None:
    assert found("#SBATCH--mem=4G\n") == [("mem", "4G", "job.sh:1")]


def test_a_late_line_is_said_once() -> None:
    notes = read_directives("#!/bin/sh\ndate\n#SBATCH -c 2\n#SBATCH -c 3\n", "job.sh").notes
    assert notes == ("job.sh:3: a #SBATCH line after the first command is not read",)


def test_lines_of_other_systems_are_said_once() -> None:
    notes = read_directives("#PBS -l x\n#PBS -q y\n#SLURM -c 2\n#PBSX\n", "job").notes
    assert [note.partition(":")[2].partition(":")[0] for note in notes] == ["1", "3"]


def test_programs_of_a_slurm_cluster_are_said() -> None:
    text = "#!/bin/bash\nmodule load R\nml R\nmodule list\n  srun ./a\necho srun\n"
    notes = read_directives(text, "job").notes
    assert [note.partition(" is not")[0] for note in notes] == ["job:2: module", "job:5: srun"]


def test_programs_are_looked_for_in_shell_scripts_only() -> None:
    assert read_directives("module load\n", "a.py").notes == ()
    assert read_directives("#!/usr/bin/env bash\nsrun x\n", "a.py").notes != ()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("#SBATCH --nodez=1", "--nodez is not an option"),
        ("#SBATCH --job-name='x", "not closed"),
        ("#SBATCH --image=x", "not an option of sbatch"),
        ("#SBATCH hetjob", "several parts"),
    ],
)
def test_an_error_says_file_and_line(line: str, sentence: str) -> None:
    with pytest.raises(BadOption) as caught:
        read_directives(f"#!/bin/sh\n{line}\n", "job.sh")
    assert caught.value.where == "job.sh:2"
    assert str(caught.value).startswith("job.sh:2: ")
    assert sentence in caught.value.sentence


def notebook(*cells: tuple[str, str | list[str]]) -> str:
    return json.dumps({"cells": [{"cell_type": kind, "source": source} for kind, source in cells]})


def test_a_notebook_s_first_code_cells() -> None:
    text = notebook(
        ("markdown", "#SBATCH -c 9"),
        ("code", ["#SBATCH -c 2\n", "#KBATCH -P n=1"]),
        ("code", "# more\n#SBATCH --mem=4G\nimport os"),
        ("code", "#SBATCH -c 7"),
    )
    assert found(text, "a.ipynb") == [
        ("parameter", "n=1", "a.ipynb[1]:2"),
        ("cpus-per-task", "2", "a.ipynb[1]:1"),
        ("mem", "4G", "a.ipynb[2]:2"),
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"cells": 1}', '{"cells": [{"cell_type": 1}]}', "[" * 100_000]
)
def test_what_is_no_notebook(text: str) -> None:
    with pytest.raises(BadScript, match=r"a\.ipynb is not a notebook"):
        read_directives(text, "a.ipynb")


def test_a_notebook_without_cells() -> None:
    assert read_directives("{}", "a.ipynb") == Directives()


lines = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.builds(
            "{}{}".format, st.sampled_from(["#SBATCH ", "#KBATCH "]), st.text("-=cmeJ4G \"'\\#", max_size=16)
        ),
    ),
    max_size=8,
)


@fuzz
@given(lines, st.sampled_from(["job.sh", "a.py", "job"]))
def test_any_script_is_read_or_refused(parts: list[str], file: str) -> None:
    value = value_or_bad_option(lambda text: read_directives(text, file), "\n".join(parts))
    assert value is None or isinstance(value, Directives)


@fuzz
@given(lines)
def test_any_notebook_is_read_or_refused(parts: list[str]) -> None:
    text = notebook(*(("code", part) for part in parts))
    value_or_bad_option(lambda data: read_directives(data, "a.ipynb"), text)
