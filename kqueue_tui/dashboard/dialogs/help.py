"""Help: every key that works where it was opened, made from the bindings as they are now, the user's own included."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kqueue_tui.dashboard.actions import Action
from kqueue_tui.dashboard.dialogs.dialog import Dialog

KEYS_WIDTH, ID_WIDTH, LEAST_WIDTH = 18, 22, 20


class Help(Dialog[None]):
    """`keys` has all keys of an action by its id."""

    BINDINGS = [  # noqa: RUF012
        Binding("question_mark,f1,enter", "close", "Close", show=False),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, actions: Iterable[Action], keys: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._groups: dict[str, list[tuple[Action, str]]] = {}
        for action in actions:
            if action.id in keys:
                self._groups.setdefault(action.group, []).append((action, " ".join(keys[action.id])))

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="help"):
            yield Static("Keys", classes="question")
            with VerticalScroll():
                yield Static(id="keys")
            yield Static("? closes. Keys and colours: kqueue docs dashboard", classes="about")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def on_resize(self) -> None:
        # The new size of what is inside comes after that of the screen.
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        keys = self.query_one("#keys", Static)
        keys.update(Content("\n").join(self._lines(keys.size.width)))

    def _lines(self, width: int) -> Iterable[Content]:
        for number, (group, actions) in enumerate(self._groups.items()):
            if number:
                yield Content("")
            yield Content.assemble((group, "bold $text-primary"))
            for action, keys in actions:
                yield action_lines(action, keys, width)


def action_lines(action: Action, keys: str, width: int) -> Content:
    """Keys, id and meaning of an action as three columns, the last of them on as many lines as it needs."""
    before = KEYS_WIDTH + ID_WIDTH
    about = textwrap.wrap(action.about, max(width - before, LEAST_WIDTH)) or [""]
    return Content.assemble(
        (f"  {keys:<{KEYS_WIDTH - 2}}", "$text-accent"),
        (f"{action.id:<{ID_WIDTH}}", "$foreground 50%"),
        ("\n" + " " * before).join(about),
    )
