"""--signal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model.signals import MAX_SECONDS, SignalSpec, parse_signal, signal_name
from tests.model.fuzz import fuzz, near, value_or_bad_option


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("USR1", SignalSpec("USR1", 60)),
        (" USR1@65535 ", SignalSpec("USR1", 65535)),
        ("SIGUSR1", SignalSpec("USR1", 60)),
        ("usr1@120", SignalSpec("USR1", 120)),
        ("B:USR1@60", SignalSpec("USR1", 60, batch_only=True)),
        ("b:sigterm@90", SignalSpec("TERM", 90, batch_only=True)),
        ("10@30", SignalSpec("USR1", 30)),
        ("B:12", SignalSpec("USR2", 60, batch_only=True)),
        ("2", SignalSpec("INT", 60)),
        ("INT@0", SignalSpec("INT", 0)),
        (":TERM", SignalSpec("TERM", 60)),
    ],
)
def test_accepted(text: str, spec: SignalSpec) -> None:
    assert parse_signal(text) == spec


@pytest.mark.parametrize(
    "text", ["", "B:", "FOO", "0", "32", "99999", "USR1@", "USR1@x", "USR1@-1",
             "USR1@65536", "X:USR1", "@60", "USR1@60s"]
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(BadOption):
        parse_signal(text)


@pytest.mark.parametrize("text", ["R:USR1@60", "BR:USR1", "RB:USR1"])
def test_reservations_are_not_here(text: str) -> None:
    with pytest.raises(BadOption, match="reservations"):
        parse_signal(text)


def test_a_spec_is_a_value() -> None:
    assert len({parse_signal("USR1"), parse_signal("10@60")}) == 1


def test_numbers_are_those_of_linux() -> None:
    wanted = {"HUP": 1, "KILL": 9, "USR1": 10, "USR2": 12, "TERM": 15, "CONT": 18, "XCPU": 24, "SYS": 31}
    assert [signal_name(str(number)) for number in wanted.values()] == list(wanted)


specs = st.builds(
    SignalSpec,
    st.integers(1, 31).map(lambda n: signal_name(str(n))),
    st.integers(0, MAX_SECONDS),
    st.booleans(),
)


@fuzz
@given(specs)
def test_what_is_printed_is_read_back(spec: SignalSpec) -> None:
    assert parse_signal(spec.format()) == spec


@fuzz
@given(near("BR:SIGUSR12@0134567896TEM"))
def test_any_text_is_a_signal_or_refused(text: str) -> None:
    value = value_or_bad_option(parse_signal, text)
    assert value is None or isinstance(value, SignalSpec)
