"""LogTitle: one line over a log: what it is, whether it follows, what was found, what is left out."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.widget import Widget


@dataclass(frozen=True)
class LogState:
    """What the title tells. `notes` are short, most important first."""

    name: str = ""
    following: bool = True
    over: bool = False
    fresh: int = 0
    notes: tuple[str, ...] = ()
    trouble: str = ""


class LogTitle(Widget):
    """Never wider than one line: the source goes first when there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self._state = LogState()

    def show(self, state: LogState) -> None:
        if state != self._state:
            self._state = state
            self.refresh()

    def render(self) -> Content:
        state = self._state
        if state.over and state.following:
            mark = ("■ END", "$foreground 60%")
        elif state.following:
            mark = ("▶ FOLLOW", "bold $text-success")
        else:
            new = f" +{state.fresh} new" if state.fresh else ""
            mark = (f"‖ PAUSED{new}", "bold $text-warning")
        parts: list[tuple[str, str]] = [(" ", ""), mark, ("  ", ""), (state.name, "bold")]
        if state.trouble:
            parts += [("  ", ""), (state.trouble, "$text-warning")]
        for note in state.notes:
            parts += [("  ", ""), (note, "$foreground 60%")]
        return Content.assemble(*parts).truncate(max(self.size.width, 1), ellipsis=True)
