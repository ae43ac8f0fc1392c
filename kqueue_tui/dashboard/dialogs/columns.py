"""ChooseColumns: which columns the queue has, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from kqueue_tui.dashboard.dialogs.dialog import Dialog
from kqueue_tui.dashboard.view.columns import COLUMNS


class ChooseColumns(Dialog[tuple[str, ...]]):
    """The answer is the ids of the columns in their order."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
        Binding("space,x", "choose", "Show or not", show=False),
        Binding("J,greater_than_sign,shift+down", "carry(1)", "Move down", show=False),
        Binding("K,less_than_sign,shift+up", "carry(-1)", "Move up", show=False),
    ]

    def __init__(self, chosen: Sequence[str]) -> None:
        super().__init__()
        self._order = [*chosen, *(name for name in COLUMNS if name not in chosen)]
        self._chosen = set(chosen)
        self._list = OptionList(*(Option(self._text(name)) for name in self._order), markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static("Columns", classes="question")
            yield self._list
            yield Static("Space shows or hides, J and K move, Enter keeps, Esc gives up", classes="about")

    def on_mount(self) -> None:
        self._list.focus()

    @on(OptionList.OptionSelected)
    def _keep(self) -> None:
        kept = tuple(name for name in self._order if name in self._chosen)
        self.dismiss(kept or tuple(self._order[:1]))

    def action_move(self, by: int) -> None:
        if by > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def action_choose(self) -> None:
        row = self._list.highlighted
        if row is not None:
            self._chosen ^= {self._order[row]}
            self._list.replace_option_prompt_at_index(row, self._text(self._order[row]))

    def action_carry(self, by: int) -> None:
        row = self._list.highlighted
        if row is None or not 0 <= row + by < len(self._order):
            return
        names = self._order
        names[row], names[row + by] = names[row + by], names[row]
        for place in (row, row + by):
            self._list.replace_option_prompt_at_index(place, self._text(names[place]))
        self._list.highlighted = row + by

    def _text(self, name: str) -> Content:
        column = COLUMNS[name]
        on_ = name in self._chosen
        return Content.assemble(
            ("✓ " if on_ else "  ", "$text-success"),
            (f"{column.title:<15}", "bold" if on_ else "$foreground 60%"),
            (column.about, "$foreground 60%"),
        )
