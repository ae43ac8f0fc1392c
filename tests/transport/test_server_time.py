"""The server's clock is known from the Date of its answers."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from kbatch_core.cluster.servertime import ServerTime
from kbatch_core.cluster.settings import Settings
from kbatch_core.cluster.transport import Transport
from tests.scripted import ScriptedServer

NOW = 1_790_000_000.0


def date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC), usegmt=True)


@pytest.mark.parametrize("ahead", [0.0, 0.4, -0.4, 3600.0, -90.0])
def test_a_few_answers_tell_the_difference_to_a_fraction_of_a_second(ahead: float) -> None:
    rng = random.Random(1)
    times = ServerTime()
    now = NOW
    for _ in range(50):
        now += rng.random() * 3
        sent, written, received = now, now + rng.random() * 0.05, now + 0.05 + rng.random() * 0.05
        times.heard(date(written + ahead), sent, received)
    assert times.ahead == pytest.approx(ahead, abs=0.2)
    if ahead == 0.0:
        assert times.ahead == 0.0, "clocks that agree are left alone"


def test_a_clock_that_is_set_is_followed() -> None:
    times = ServerTime()
    for second in range(10):
        times.heard(date(NOW + second), NOW + second, NOW + second + 0.1)
    times.heard(date(NOW + 20), NOW + 620, NOW + 620.1)
    assert times.ahead == pytest.approx(-600, abs=1)


@pytest.mark.parametrize("text", [None, "", "yesterday", "Wed, 99 Foo 2026 00:00:00 GMT"])
def test_what_is_no_date_says_nothing(text: str | None) -> None:
    times = ServerTime()
    times.heard(text, NOW, NOW)
    assert times.ahead == 0.0


def test_each_answer_is_listened_to() -> None:
    with ScriptedServer([(200, {}, b"{}")]) as server:
        transport = Transport(Settings(server=server.url, namespace="x"), clock=lambda: NOW)
        transport.request("GET", "/version")
        real = datetime.now(UTC).timestamp()
        assert transport.server_ahead == pytest.approx(real - NOW, abs=60)
        transport.close()
