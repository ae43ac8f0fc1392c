"""The copy that runs: without outputs, valid, and the same whatever happens to the file afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadScript
from kbatch_core.model.notebook import freeze, sections
from kbatch_core.model.script import check_script
from tests.model.fuzz import fuzz
from tests.notebook.making import code, notebook, text, validate


def frozen(data: bytes) -> dict[str, Any]:
    made = freeze("a.ipynb", data)
    loaded: dict[str, Any] = json.loads(made)
    validate(loaded)
    return loaded


def test_outputs_and_counters_are_stripped_and_nothing_else() -> None:
    cell = {**code("x = 1", "parameters"), "attachments": {}}
    cell["metadata"]["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
    cell["metadata"]["slideshow"] = {"slide_type": "skip"}
    del cell["attachments"]
    made = frozen(notebook(text("# ä"), cell, widgets={"application/x": {"state": {}}}, mine={"a": [1]}))
    assert made["cells"] == [
        text("# ä"),
        {
            "cell_type": "code",
            "source": "x = 1",
            "metadata": {"tags": ["parameters"], "slideshow": {"slide_type": "skip"}},
            "outputs": [],
            "execution_count": None,
        },
    ]
    assert made["metadata"] == {
        "kernelspec": {"name": "python3", "display_name": "python3"},
        "mine": {"a": [1]},
    }


def test_a_frozen_notebook_stays_as_it_is() -> None:
    once = freeze("a.ipynb", notebook("x", text("y"), minor=5))
    assert freeze("a.ipynb", once.encode()) == once


def test_missing_and_repeated_ids_are_made_good() -> None:
    data = json.loads(notebook("a", "b", "c", minor=5))
    del data["cells"][0]["id"]
    data["cells"][2]["id"] = data["cells"][1]["id"]
    ids = [cell["id"] for cell in frozen(json.dumps(data).encode())["cells"]]
    assert len(set(ids)) == 3
    assert ids[1] == "cell-1"


def test_what_an_editor_left_out_is_put_in() -> None:
    made = frozen(b'{"cells": [{"cell_type": "code", "source": ["a\\n", "b"]}]}')
    assert made["cells"][0]["source"] == ["a\n", "b"]


def test_plots_leave_numbers_that_json_does_not_have() -> None:
    data = notebook("x").replace(b'"of an earlier run\\n"', b'"x"').replace(b"7", b"NaN")
    assert frozen(data)["cells"][0]["execution_count"] is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a notebook: Expecting value"),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"#!/bin/sh\n", "is not a notebook"),
        (b"[]", "no list of cells"),
        (b'{"cells": {}}', "no list of cells"),
        (b'{"cells": [1]}', "no list of cells"),
        (b'{"cells": [{"cell_type": "code", "source": 1}]}', "no list of cells"),
        (b'{"worksheets": [], "nbformat": 3}', "has the notebook format 3, and kbatch reads 4"),
        (b"[" * 100_000, "nested too deeply"),
        (notebook(), "has no code to run"),
        (notebook(text("only words"), " \n"), "has no code to run"),
    ],
)
def test_what_is_no_notebook_is_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(BadScript) as caught:
        check_script("a.ipynb", data)
    assert caught.value.sentence.startswith("a.ipynb ")
    assert words in caught.value.sentence
    assert caught.value.hint


def test_parts_are_called_as_the_directives_call_them() -> None:
    data = notebook(text("ghp_"), "a\nb", text("x"), "c").decode()
    assert list(sections("a.ipynb", data)) == [("a.ipynb[1]", "a\nb"), ("a.ipynb[2]", "c")]
    assert list(sections("a.sh", "x")) == [("a.sh", "x")]


leaves = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["code", "markdown"])
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "cell_type", "source", "metadata", "outputs", "id", "nbformat", "nbformat_minor"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@fuzz
@given(st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_notebook_or_one_sentence(data: bytes) -> None:
    try:
        made = freeze("a.ipynb", data)
    except BadScript as error:
        assert error.sentence.startswith("a.ipynb ")
    else:
        assert freeze("a.ipynb", made.encode()) == made
