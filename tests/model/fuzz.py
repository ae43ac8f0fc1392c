"""How property tests draw their inputs: any text, and text that looks like the grammar under test."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from kbatch_core.errors import BadOption

fuzz = settings(deadline=None, max_examples=300, database=None, suppress_health_check=[HealthCheck.too_slow])


def near(alphabet: str) -> st.SearchStrategy[str]:
    """Any text at all, and texts made of a grammar's own characters."""
    return st.one_of(st.text(max_size=40), st.text(alphabet=alphabet, max_size=24))


def value_or_bad_option(parse: Callable[[str], object], text: str) -> object:
    """What `parse` gives; None when it refuses with a sentence and a hint. Any other exception fails the test."""
    try:
        return parse(text)
    except BadOption as error:
        assert error.sentence.endswith("."), error.sentence
        assert error.hint.endswith((".", "?")), error.hint
        assert "\n" not in error.sentence
        return None
