"""--output and --error: file name patterns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model.patterns import DEFAULT_ARRAY_OUTPUT, DEFAULT_OUTPUT, check, expand, expand_final
from tests.model.fuzz import fuzz, near, value_or_bad_option

ID = "k7m2x9qa"


def at_submit(pattern: str, *, array: bool = False, name: str = "train") -> str:
    return expand(pattern, job_id=ID, job_name=name, user="ada", array=array)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (DEFAULT_OUTPUT, f"kbatch-{ID}.out"),
        ("slurm-%j.out", f"slurm-{ID}.out"),
        ("logs/%x_%j.log", f"logs/train_{ID}.log"),
        ("%u/%x", "ada/train"),
        ("%12j", f"00{ID}"),
        ("%4j", ID),
        ("%99999999999999999999999j", f"00{ID}"),
        ("%10j-%010j-%11j-%9j", f"00{ID}-00{ID}-00{ID}-0{ID}"),
        ("%0j-%00000j", f"{ID}-{ID}"),
        ("%5x", "train"),
        ("%9u", "ada"),
        ("%J-%t-%3n-%s", f"{ID}-0-000-batch"),
        ("run%r", "run0"),
        ("plain", "plain"),
        # As Slurm does where the job is no array.
        ("%A_%a", f"{ID}_4294967294"),
        ("%b", "4"),
    ],
)
def test_filled_in_at_submit(pattern: str, text: str) -> None:
    assert at_submit(pattern) == text


@pytest.mark.parametrize(
    ("pattern", "left", "final"),
    [
        (DEFAULT_ARRAY_OUTPUT, f"kbatch-{ID}_%a.out", f"kbatch-{ID}_7.out"),
        ("%A/%4a", f"{ID}/%4a", f"{ID}/0007"),
        ("%a-%N", "%a-%N", "7-node1"),
        ("%5N", "%N", "node1"),
        ("%0a-%04a-%0099a", "%a-%4a-%10a", "7-0007-0000000007"),
        ("100%%", "100%%", "100%"),
        ("100%%a", "100%%a", "100%a"),
        ("%%%a", "%%%a", "%7"),
    ],
)
def test_left_for_the_pod(pattern: str, left: str, final: str) -> None:
    assert at_submit(pattern, array=True) == left
    assert expand_final(left, 7, "node1.example.org") == final


@pytest.mark.parametrize(
    ("pattern", "name"), [("\\%j.out", "%j.out"), ("a\\%j%%", "a%j%%"), ("\\\\%a", "%a")]
)
def test_a_backslash_switches_the_symbols_off(pattern: str, name: str) -> None:
    assert expand_final(at_submit(pattern, array=True), 7, "n") == name


def test_a_percent_in_a_name_is_no_symbol() -> None:
    left = at_submit("%x-%a", array=True, name="50%a\\b")
    assert expand_final(left, 7, "n") == "50%a\\b-7"


@pytest.mark.parametrize("pattern", ["%q", "%", "a%", "%4", "%4%", "%b", "% j", "%é"])
def test_unknown_symbols_are_errors(pattern: str) -> None:
    with pytest.raises(BadOption) as caught:
        at_submit(pattern, array=True)
    assert repr(pattern) in caught.value.sentence


def test_the_task_number_modulo_10_has_a_hint_of_its_own() -> None:
    with pytest.raises(BadOption) as caught:
        at_submit("%b", array=True)
    assert caught.value.hint == "Use %a, the task number."


@pytest.mark.parametrize("pattern", ["", "  ", "a\nb", "a\0b", "%q"])
def test_check_refuses(pattern: str) -> None:
    with pytest.raises(BadOption):
        check(pattern)


@pytest.mark.parametrize("pattern", ["out", "%j_%a", "/dev/null", "\\%q"])
def test_check_accepts(pattern: str) -> None:
    assert check(pattern) == pattern


@fuzz
@given(near("%jAaxuNr0123456789\\/. b"), st.text(max_size=20), st.booleans())
def test_any_pattern_gives_a_name_or_is_refused(pattern: str, name: str, array: bool) -> None:
    def both(text: str) -> str:
        return expand_final(at_submit(text, array=array, name=name), 7, "node1")

    value = value_or_bad_option(both, pattern)
    assert value is None or isinstance(value, str)


@fuzz
@given(st.text(max_size=30))
def test_a_doubled_percent_keeps_any_text(text: str) -> None:
    plain = text.replace("\\", "/")
    assert expand_final(at_submit(plain.replace("%", "%%"), array=True), 7, "node1") == plain
