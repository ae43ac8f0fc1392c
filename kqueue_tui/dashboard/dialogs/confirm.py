"""Confirm: asks before every write. It names what it is about; No is the default, so Enter alone does nothing."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from kqueue_tui.dashboard.dialogs.question import Question

NAMED = 8


def named(names: Sequence[str]) -> str:
    """The targets, one line each; of many the first and how many more."""
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    return "\n".join([*names[:NAMED], *more])


class Confirm(Question):
    """The answer is True for yes. `names` are the targets, one line each; `warning` is what may surprise."""

    BINDINGS = [  # noqa: RUF012
        Binding("y", "yes", "Yes", show=False, id="confirm.yes"),
    ]

    def __init__(
        self, question: str, names: Sequence[str], yes: str, about: str = "", warning: str = ""
    ) -> None:
        super().__init__()
        self._question, self._names, self._yes = question, names, yes
        self._about, self._warning = about, warning

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="write"):
            yield Static(self._question, classes="question", markup=False)
            yield Static(named(self._names), classes="names", markup=False)
            if self._about:
                yield Static(self._about, classes="about", markup=False)
            if self._warning:
                yield Static(self._warning, classes="warning", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(Content.assemble(("N", "underline"), "o"), id="no")
                yield Button(
                    Content.assemble(("Y", "underline"), f"es, {self._yes}"), id="yes", variant="error"
                )
