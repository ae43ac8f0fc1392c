"""Text from outside is made harmless, and stays readable."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.model.safetext import safe_text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("größe 数据 🧬 e\u0301", "größe 数据 🧬 e\u0301"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x1b]0;no end", "0;no end"),
        ("\x1b[2", "2"),
        ("\x1b(Bx\x1bcy", "xy"),
        ("a\nb\r\nc\td", "a b  c d"),
        ("a\u2028b\u00a0c", "a b c"),
        ("a\x00b\x08c\x7fd\x1ce", "a�b�c�d�e"),
        ("user\u202etxt.exe", "user�txt.exe"),
        ("\u2066a\u2069\u200f\u061c", "�a���"),
        ("\ud800", "�"),
        ("\ufeffx\u00ad", "�x�"),
    ],
)
def test_examples(text: str, safe: str) -> None:
    assert safe_text(text) == safe


def test_a_limit_cuts_with_an_ellipsis() -> None:
    assert safe_text("abcdef", 6) == "abcdef"
    assert safe_text("abcdefg", 6) == "abcde…"
    assert safe_text("abcd  g", 6) == "abcd…"


@given(st.text(st.characters() | st.sampled_from("\x1b[]m\x07\x9b;0\u202e\n"), max_size=40))
def test_nothing_that_acts_is_left(text: str) -> None:
    safe = safe_text(text)
    for char in safe:
        assert unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(char) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
    assert safe_text(safe) == safe
    safe.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=40))
def test_readable_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text
