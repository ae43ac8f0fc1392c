"""`-P NAME=VALUE`: what a value is, how each language writes it, and where the cell goes."""

from __future__ import annotations

import ast
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model.notebook import freeze, with_parameters
from kbatch_core.model.parameters import assignment, parse_value
from tests.model.fuzz import fuzz
from tests.notebook.making import code, notebook, text


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("5", 5), ("-5", -5), ("+5", 5), ("0", 0), ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.5", 1.5), ("-1.5e-3", -0.0015), ("1e9", 1e9), (".5", 0.5), ("5.", 5.0), ("inf", math.inf),
        ("true", True), ("True", True), ("false", False), ("False", False), ("null", None), ("None", None),
        ("[1, 2.5, \"a\", null, true]", [1, 2.5, "a", None, True]), ('{"a": [1]}', {"a": [1]}), ("[]", []),
        ('"5"', "5"), ("'5'", "5"), ("''", ""), ('"a\\nb"', "a\nb"), ("", ""), ("it's", "it's"),
        # What only looks like a number to a person stays text.
        ("007", "007"), ("1_000", "1_000"), ("2026-10", "2026-10"), ("1,5", "1,5"), ("0x10", "0x10"), ("1e", "1e"),
        ("TRUE", "TRUE"), ("Infinity", "Infinity"), ("٣", "٣"), (" 5", " 5"), ("1" * 5000, "1" * 5000),
        ("a=b", "a=b"), ("s3://bucket/x", "s3://bucket/x"),
    ],
)  # fmt: skip
def test_a_value_is_what_it_looks_like(written: str, value: object) -> None:
    parsed = parse_value("x", written)
    assert parsed == value
    assert type(parsed) is type(value)


def test_not_a_number() -> None:
    value = parse_value("x", "nan")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("written", ["[1, 2", "[a]", '{"a"}', '"', '"a', '"a"b', "[" * 5000])
def test_a_broken_list_is_refused_not_taken_for_text(written: str) -> None:
    with pytest.raises(BadOption, match=r"^--parameter x: .* is not JSON\.") as caught:
        parse_value("x", written)
    assert "quotes" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "python", "r", "julia"),
    [
        (5, "x = 5", "x <- 5", "x = 5"),
        (-1.5, "x = -1.5", "x <- -1.5", "x = -1.5"),
        (True, "x = True", "x <- TRUE", "x = true"),
        (None, "x = None", "x <- NULL", "x = nothing"),
        (math.inf, 'x = float("inf")', "x <- Inf", "x = Inf"),
        (-math.inf, 'x = -float("inf")', "x <- -Inf", "x = -Inf"),
        (math.nan, 'x = float("nan")', "x <- NaN", "x = NaN"),
        ('a"b\\\n$c', 'x = "a\\"b\\\\\\n$c"', 'x <- "a\\"b\\\\\\n$c"', 'x = "a\\"b\\\\\\n\\$c"'),
        ([1, "a"], 'x = [1, "a"]', 'x <- list(1, "a")', 'x = [1, "a"]'),
        ({"k": [True]}, 'x = {"k": [True]}', 'x <- list("k" = list(TRUE))', 'x = Dict("k" => [true])'),
    ],
)
def test_how_each_language_writes_it(value: object, python: str, r: str, julia: str) -> None:
    written = [assignment("x", value, language) for language in ("python", "r", "julia")]
    assert written == [python, r, julia]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@fuzz
@given(json_values)
def test_python_reads_any_value_back(value: object) -> None:
    line = assignment("x", value, "python")
    assert "\n" not in line
    assert ast.literal_eval(line.removeprefix("x = ")) == value


@fuzz
@given(st.text(max_size=30))
def test_any_text_is_a_value_or_one_sentence(written: str) -> None:
    try:
        value = parse_value("x", written)
    except BadOption as error:
        assert error.sentence.startswith("--parameter x: ")
    else:
        assert assignment("x", value, "python").startswith("x = ")


@pytest.mark.parametrize(
    ("name", "language"), [("class", "python"), ("_x", "r"), ("a.b", "python"), ("1", "julia")]
)
def test_a_name_that_the_language_cannot_have(name: str, language: str) -> None:
    with pytest.raises(BadOption, match="no name for a variable"):
        assignment(name, 1, language)


def test_a_language_that_cannot_be_written() -> None:
    data = freeze("a.ipynb", notebook("x", kernel="octave", language_info={"name": "octave"}))
    with pytest.raises(BadOption, match="the notebook's language, octave") as caught:
        with_parameters("a.ipynb", data, {"n": "1"})
    assert "--env" in caught.value.hint


def cells(data: str) -> list[tuple[str, list[str]]]:
    return [(cell["source"], cell["metadata"].get("tags", [])) for cell in json.loads(data)["cells"]]


INJECTED = ("# Parameters\nn = 5", ["injected-parameters"])


def test_the_cell_comes_after_the_one_tagged_parameters() -> None:
    data = freeze("a.ipynb", notebook(text("t"), code("n = 1", "parameters"), "print(n)", minor=5))
    made, unknown = with_parameters("a.ipynb", data, {"n": "5"})
    assert cells(made) == [("t", []), ("n = 1", ["parameters"]), INJECTED, ("print(n)", [])]
    assert unknown == ()
    assert freeze("a.ipynb", made.encode()) == made, "it is valid"


def test_without_such_a_cell_it_comes_first() -> None:
    made, unknown = with_parameters("a.ipynb", freeze("a.ipynb", notebook("print(n)")), {"n": "5"})
    assert cells(made) == [INJECTED, ("print(n)", [])]
    assert unknown == ()


def test_one_that_is_there_is_replaced() -> None:
    data = freeze(
        "a.ipynb", notebook(code("n: int = 1", "parameters"), code("n = 2", "injected-parameters"), "n")
    )
    assert cells(with_parameters("a.ipynb", data, {"n": "5"})[0])[1:] == [INJECTED, ("n", [])]


def test_a_name_that_the_notebook_does_not_set_is_told() -> None:
    data = freeze("a.ipynb", notebook(code("month = 1\nday=2\n  hour = 3", "parameters"), "x"))
    parameters = {"mnth": "1", "day": "1", "hour": "1", "mon": "1"}
    assert with_parameters("a.ipynb", data, parameters)[1] == ("mnth", "hour", "mon")


def test_without_parameters_nothing_changes() -> None:
    data = freeze("a.ipynb", notebook("x"))
    assert with_parameters("a.ipynb", data, {}) == (data, ())


@pytest.mark.parametrize(
    ("metadata", "line"),
    [({"language_info": {"name": "R"}}, "n <- 5"), ({"language_info": {"name": "julia"}}, "n = 5")],
)
def test_the_language_is_the_kernel_s(metadata: dict[str, Any], line: str) -> None:
    data = freeze("a.ipynb", notebook("x", kernel="other", **metadata))
    assert line in cells(with_parameters("a.ipynb", data, {"n": "5"})[0])[0][0]
