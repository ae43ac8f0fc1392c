"""Pick: one of many lines, found by typing a part of it after `/`. Where things may be forgotten, x does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from kqueue_tui.dashboard.dialogs.dialog import Dialog


@dataclass(frozen=True)
class Item:
    """`answer` is what the dialog gives back, `title` and `about` are its line."""

    answer: str
    title: str
    about: str = ""


class Pick(Dialog[str]):
    """The answer is that of the chosen line. `forget` takes an answer away for good; it is asked for twice."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
        Binding("slash", "find", "Find", show=False),
        Binding("x,delete", "forget", "Forget", show=False),
    ]

    def __init__(
        self, title: str, items: Sequence[Item], none: str, *, forget: Callable[[str], None] | None = None
    ) -> None:
        super().__init__()
        self._title, self._items, self._none, self._forget = title, list(items), none, forget
        self._shown: list[Item] = []
        self._doomed = ""
        self._find = Input(placeholder="a part of it", compact=True, id="pick-find")
        self._list = OptionList(markup=False)
        self._about = Static(classes="about", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="pick"):
            yield Static(self._title, classes="question", markup=False)
            yield self._find
            yield self._list
            yield self._about

    def on_mount(self) -> None:
        self._find.display = False
        self._fill()
        self._list.focus()

    def _fill(self) -> None:
        words = self._find.value.lower().split()
        self._shown = [
            item
            for item in self._items
            if all(word in f"{item.title} {item.about}".lower() for word in words)
        ]
        width = max((len(item.title) for item in self._shown), default=0)
        self._list.set_options(
            Option(Content.assemble(f"{item.title:<{width}}", (f"  {item.about}", "$foreground 60%")))
            for item in self._shown
        )
        self._list.highlighted = 0 if self._shown else None
        self._say()

    def _say(self) -> None:
        if self._doomed:
            words = f"x again forgets {self._doomed}"
        elif not self._shown:
            words = f"{self._none} Esc closes." if not self._items else "None has that. Esc shows all."
        else:
            words = "Enter takes it, / finds" + (", x forgets it" if self._forget else "") + ", Esc closes"
        self._about.update(words)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index].answer)

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._doomed = ""
        self._say()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._fill()

    @on(Input.Submitted)
    def _found(self) -> None:
        self._list.focus()

    def action_move(self, by: int) -> None:
        if by > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def action_find(self) -> None:
        self._find.display = True
        self._find.focus()

    def action_forget(self) -> None:
        row = self._list.highlighted
        if self._forget is None or row is None:
            return
        item = self._shown[row]
        if self._doomed != item.title:
            self._doomed = item.title
            self._say()
            return
        self._forget(item.answer)
        self._items.remove(item)
        self._doomed = ""
        self._fill()

    def action_close(self) -> None:
        if self._find.has_focus:
            self._find.value = ""
            self._find.display = False
            self._list.focus()
        else:
            self.dismiss(None)
