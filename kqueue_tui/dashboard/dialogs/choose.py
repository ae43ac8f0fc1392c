"""Choose: one of a few things, by its line. Digits and the arrows work; Esc chooses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from kqueue_tui.dashboard.dialogs.dialog import Dialog


@dataclass(frozen=True)
class Choice:
    """`answer` is what the dialog gives back; `off` says why it cannot be chosen, "" when it can."""

    answer: str
    title: str
    about: str = ""
    off: str = ""


class Choose(Dialog[str]):
    """The answer is that of the chosen line."""

    BINDINGS = [  # noqa: RUF012
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
        *[Binding(str(digit), f"take({digit - 1})", show=False) for digit in range(1, 10)],
    ]

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._title, self._choices = title, tuple(choices)
        self._list = OptionList(*map(self._option, range(len(self._choices))), markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(self._title, classes="question", markup=False)
            yield self._list
            yield Static("Enter or its number takes it, Esc closes", classes="about")

    def on_mount(self) -> None:
        self._list.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index].answer)

    def action_move(self, by: int) -> None:
        if by > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def action_take(self, index: int) -> None:
        if index < len(self._choices) and not self._choices[index].off:
            self.dismiss(self._choices[index].answer)

    def _option(self, index: int) -> Option:
        choice = self._choices[index]
        about = choice.off or choice.about
        text = Content.assemble(
            (f"{index + 1} ", "$text-accent"),
            choice.title,
            (f"  {about}" if about else "", "$foreground 60%"),
        )
        return Option(text, disabled=bool(choice.off))
