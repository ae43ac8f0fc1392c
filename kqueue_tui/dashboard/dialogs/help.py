"""Help: every key that works where it was opened, made from the bindings as they are now, the user's own included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from kqueue_tui.dashboard.actions import Action
from kqueue_tui.dashboard.dialogs.dialog import Dialog

KEYS_WIDTH = 16


class Help(Dialog[None]):
    """`keys` has all keys of an action by its id."""

    BINDINGS = [  # noqa: RUF012
        Binding("question_mark,f1,enter", "close", "Close", show=False),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, actions: Iterable[Action], keys: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._groups: dict[str, list[Content]] = {}
        for action in actions:
            if action.id in keys:
                self._groups.setdefault(action.group, []).append(_line(action, " ".join(keys[action.id])))

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="help"):
            yield Static("Keys", classes="question")
            with VerticalScroll():
                yield Static(Content("\n").join(self._lines()))
            yield Static("? closes. Keys and colours: kqueue docs dashboard", classes="about")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def _lines(self) -> Iterable[Content]:
        for number, (group, lines) in enumerate(self._groups.items()):
            if number:
                yield Content("")
            yield Content.assemble((group, "bold $text-primary"))
            yield from lines


def _line(action: Action, keys: str) -> Content:
    return Content.assemble(
        (f"  {keys:<{KEYS_WIDTH}}", "$text-accent"), (f"{action.id:<22}", "$foreground 50%"), action.about
    )
