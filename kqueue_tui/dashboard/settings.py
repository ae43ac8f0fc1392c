"""Settings: how the screen is set: by command line, last time and config, then by its user; kept at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import App

from kqueue_tui.dashboard.saved_state import LOG_PANES, State
from kqueue_tui.dashboard.themes import ANSI_LIGHT, make_theme, pick_theme, told_apart
from kqueue_tui.dashboard.view.columns import COLUMNS
from kqueue_tui.dashboard.view.filter import Filter
from kqueue_tui.dashboard.view.lines import Order, QueueView

if TYPE_CHECKING:
    from kqueue_tui.dashboard.config import Config
    from kqueue_tui.dashboard.options import Options


class Settings:
    """Owned by the app. A theme of the command line is for once; one chosen in the palette stays.

    `columns`, `log_pane`, `cursor` and `watched` are the screens' to change.
    """

    def __init__(self, state: State, config: Config) -> None:
        self.columns = tuple(name for name in state.columns if name in COLUMNS) or config.columns
        self.log_pane = state.log_pane if state.log_pane in LOG_PANES else ""
        self.cursor = state.cursor
        """The key of the queue's line under the cursor."""
        self.watched = set(state.watched)
        self._state = state
        self._config = config
        self._own_theme = self._first_theme = ""

    def begin(self, app: App[None], view: QueueView, wanted: Options, environ: Mapping[str, str]) -> None:
        """Set filter, order, unfolded arrays and theme. Raises BadConfig."""
        state, config = self._state, self._config
        text = wanted.filter if wanted.filter is not None else state.filter or config.filter
        view.unfolded = set(state.unfolded)
        view.change(0.0, filter=Filter.parse(text, frozenset(state.groups)), order=self._order())
        for name, colours in config.themes.items():
            app.register_theme(make_theme(name, colours))
        app.register_theme(told_apart(app.available_themes[ANSI_LIGHT]))
        known, few = app.available_themes, app.console.color_system == "standard"
        self._own_theme = pick_theme(config.theme, known, environ, few_colours=few)
        kept = state.theme if state.theme in known else ""
        app.theme = pick_theme(wanted.theme or kept or self._own_theme, known, environ, few_colours=few)
        self._first_theme = app.theme

    def state(self, app: App[None], view: QueueView, *, history: bool) -> State:
        """What is to be kept; `history`: whether past jobs are shown."""
        order, filter_ = view.order, view.filter
        theme = self._state.theme if app.theme == self._first_theme else app.theme
        return State(
            columns=self.columns if self.columns != self._config.columns else (),
            sort=order.column,
            reverse=order.reverse,
            filter=filter_.typed,
            groups=tuple(sorted(filter_.groups)),
            watched=tuple(sorted(self.watched)),
            cursor=self.cursor,
            log_pane=self.log_pane,
            history=history,
            unfolded=tuple(sorted(view.unfolded)),
            theme=theme if theme != self._own_theme else "",
        )

    def _order(self) -> Order:
        if self._state.sort in COLUMNS:
            return Order(self._state.sort, self._state.reverse)
        return Order(self._config.sort or "state", self._config.reverse)
