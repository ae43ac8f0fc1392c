"""How fresh it is, from the health of its reflectors (pure)."""

from __future__ import annotations

from kbatch_core.cluster.reflector import Health
from kbatch_core.errors import ConnectionFailed, KbatchError, PermissionDenied
from kbatch_core.queue.sync import STALE_SECONDS, Sync, combine


def of(*healths: Health, loaded: bool = True, now: float = 1000.0) -> Sync:
    return combine(healths, now=now, since_epoch=1e9, loaded=loaded)


GOOD = Health(synced=True, heard=990.0)


def test_it_loads_until_all_is_there_and_then_lives() -> None:
    assert of(Health(), GOOD, loaded=False).state == "LOADING"
    assert of(GOOD, loaded=False).state == "LOADING"
    assert of(GOOD, GOOD) == Sync("LIVE", 1e9 + 990.0)


def test_the_quietest_connection_counts() -> None:
    quiet = Health(synced=True, heard=1000.0 - STALE_SECONDS - 1)
    assert of(GOOD, quiet) == Sync("STALE", 1e9 + 929.0)


def test_an_error_is_shown_with_the_time_of_the_next_try() -> None:
    error = ConnectionFailed("Down.")
    assert of(GOOD, Health(True, 980.0, error, 1002.0)) == Sync("RETRYING", 1e9 + 980.0, error, 1e9 + 1002.0)
    refused = PermissionDenied("No.")
    both = of(Health(False, None, error, 1002.0), Health(False, None, refused, 1030.0, forbidden=True))
    assert (both.state, both.error) == ("FORBIDDEN", refused)
    assert of(Health(True, 990.0, refused, 1002.0)).state == "RETRYING", "it may be of a moment only"


def test_a_fault_of_its_own_hides_behind_nothing() -> None:
    fault = KbatchError("Stands still.")
    found = combine([GOOD], now=1000.0, since_epoch=0.0, loaded=True, fault=fault)
    assert (found.state, found.error) == ("RETRYING", fault)
