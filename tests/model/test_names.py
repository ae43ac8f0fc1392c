"""Ids, object names and label values."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.model.names import id_from, is_id, job_name, label_value, new_submit_id, slug
from tests.model.fuzz import fuzz

# The API server's own expressions (apimachinery, util/validation).
LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", re.ASCII)
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)


@fuzz
@given(st.text(max_size=200))
def test_any_text_makes_a_valid_label(text: str) -> None:
    value = label_value(text)
    assert LABEL_VALUE.fullmatch(value)
    assert len(value) <= 63
    assert bool(value) == bool(text)
    assert label_value(value) == value


@fuzz
@given(st.text(max_size=200), st.integers(0, 2**32))
def test_any_name_makes_a_valid_object_name(name: str, seed: int) -> None:
    job_id = id_from(new_submit_id(random.Random(seed)))
    value = job_name(name, job_id)
    assert DNS_LABEL.fullmatch(value)
    assert len(value) <= 40 + 1 + 8
    assert value.endswith(f"-{job_id}")
    assert not value.startswith("jupyter-")
    assert is_id(job_id)


@fuzz
@given(st.text(max_size=60), st.integers(1, 63))
def test_a_slug_is_stable_and_short(text: str, limit: int) -> None:
    value = slug(text, limit)
    assert len(value) <= limit
    assert slug(value, limit) == value
    assert value == "" or DNS_LABEL.fullmatch(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("train.sh", "train-sh"),
        ("My Job  (v2)!", "my-job-v2"),
        ("__init__", "init"),
        ("Étude", "etude"),
        ("日本", ""),
        ("", ""),
        ("a" * 70, "a" * 63),
    ],
)
def test_slugs(text: str, value: str) -> None:
    assert slug(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("phys-101", "phys-101"),
        ("Climate_Group.A", "Climate_Group.A"),
        ("my account", "my_account"),
        ("-x-", "x"),
        ("a" * 62 + "-b", "a" * 62),
        ("", ""),
    ],
)
def test_labels(text: str, value: str) -> None:
    assert label_value(text) == value


def test_text_without_a_latin_letter_keeps_apart_in_labels() -> None:
    assert label_value("日本") != label_value("中国")
    assert label_value("---") != ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("train", "train-k7m2x9qa"),
        ("日本", "job-k7m2x9qa"),
        ("x" * 50, "x" * 40 + "-k7m2x9qa"),
        ("jupyter", "job-jupyter-k7m2x9qa"),
        ("jupyter ada", "job-jupyter-ada-k7m2x9qa"),
        ("jupyterlab", "jupyterlab-k7m2x9qa"),
        ("2024 run", "2024-run-k7m2x9qa"),
    ],
)
def test_object_names(name: str, value: str) -> None:
    assert job_name(name, "k7m2x9qa") == value


def test_ids_are_read_aloud_without_mistakes() -> None:
    source = random.Random(1)
    ids = {id_from(new_submit_id(source)) for _ in range(2000)}
    assert len(ids) == 2000
    assert not set("".join(ids)) & set("0o1liIO")
    assert all(job_id[0].isalpha() and len(job_id) == 8 for job_id in ids)
    assert len({job_id[0] for job_id in ids}) == 23


@pytest.mark.parametrize("text", ["", "k7m2x9q", "k7m2x9qab", "77m2x9qa", "k7m2x9q0", "K7m2x9qa", "k7m2-9qa"])
def test_no_ids(text: str) -> None:
    assert not is_id(text)


def test_a_submit_id_always_gives_the_same_id() -> None:
    assert id_from("nightly-2026-11-24") == id_from("nightly-2026-11-24") != id_from("nightly-2026-11-25")
    assert is_id(id_from("")) and is_id(id_from("\ud800"))
