"""The dashboard's tests look the same wherever they run."""

from __future__ import annotations

import pytest

from tests.dashboard.idle import wait_for_idle


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours and times as on any machine."""
    for name in ("NO_COLOR", "COLORFGBG", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr("kqueue_tui.dashboard.screens.log_pane.DRAIN_SECONDS", 0.02)
    monkeypatch.setattr("textual.app.wait_for_idle", wait_for_idle)
    monkeypatch.setattr("textual.pilot.wait_for_idle", wait_for_idle)
