"""FieldRow: one field of the form. On it letters are commands; Enter opens its text, which Enter keeps."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.actions import FIELDS
from kqueue_tui.dashboard.form.field import Field, Held
from kqueue_tui.dashboard.form.model import SCRIPT
from kqueue_tui.dashboard.form.paths import PathSuggester
from kqueue_tui.dashboard.widgets.paint import faint_for

LABEL_WIDTH = 24
YES = "yes"


class FieldInput(Input):
    """The text of a field while it is typed."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape", "leave('undo')", "Give up", show=False),
        Binding("tab,down", "leave('next')", "Next", show=False),
        Binding("shift+tab,up", "leave('previous')", "Previous", show=False),
    ]

    def validate_value(self, value: str) -> str:
        """What is pasted cannot act on the terminal."""
        return safe_text(value)

    def action_leave(self, how: str) -> None:
        # No message: the next key comes perhaps before a message would, and is for the next field.
        row = self.parent
        assert isinstance(row, FieldRow)
        row.leave(how)

    async def action_submit(self) -> None:
        self.action_leave("keep")

    def on_blur(self) -> None:
        self.action_leave("blur")


class FieldRow(Widget, can_focus=True):
    """Shows what it is given by `show`; says what was typed, and never changes by itself."""

    ACTIONS = FIELDS

    @dataclass
    class Typed(Message):
        """The text as it stands after a key."""

        name: str
        text: str

    @dataclass
    class Reached(Message):
        """The cursor is here."""

        field: Field

    def __init__(self, field: Field, go_on: Callable[[int, bool], None]) -> None:
        """`go_on` goes so many fields on and, if that is True, opens the text of that one."""
        super().__init__(id=f"field-{field.name}")
        self.field = field
        self.held = Held()
        self._go_on = go_on
        suggester = PathSuggester() if field.name == SCRIPT else None
        self._input = FieldInput(compact=True, select_on_focus=False, suggester=suggester)
        self._input.display = False
        self._before = ""

    def compose(self) -> ComposeResult:
        yield self._input

    @property
    def typing(self) -> bool:
        return bool(self._input.display)

    def show(self, held: Held) -> None:
        if held != self.held:
            self.held = held
            self._fit()
            self.refresh()

    # Painting

    def render(self) -> Content:
        held, width = self.held, max(self.size.width - LABEL_WIDTH - 1, 8)
        here = self.has_focus or self.typing
        label = Content.assemble(
            ("▸" if here else " ", "bold $text-accent"),
            (f"{self.field.label:<{LABEL_WIDTH}}", "bold $text-accent" if held.text else "$foreground 80%"),
        )
        first = Content("") if self.typing else self._value().truncate(width, ellipsis=True)
        problem = [Content.assemble((f"   {line}", "$text-error")) for line in self._problem_lines()]
        return faint_for(self, Content("\n").join([Content.assemble(label, first), *problem]))

    def _value(self) -> Content:
        held = self.held
        if held.text:
            return Content.assemble((f"✓ {YES}" if self.field.toggles else safe_text(held.text), "bold"))
        if held.inherited:
            return Content.assemble(
                (held.inherited, "$text-success"), (f"  {held.source}", "italic $foreground 50%")
            )
        return Content.assemble((self.field.help, "$foreground 45%"))

    def _problem_lines(self) -> list[str]:
        if not self.held.problem:
            return []
        return textwrap.wrap(f"✗ {self.held.problem}", max(self.size.width - 4, 20))

    def _fit(self) -> None:
        height = 1 + len(self._problem_lines())
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height

    def on_resize(self) -> None:
        self._fit()

    def on_focus(self) -> None:
        self.post_message(self.Reached(self.field))

    # Typing

    def edit(self) -> None:
        """Open the text; of a flag switch it."""
        if self.field.toggles:
            self.post_message(self.Typed(self.field.name, "" if self.held.text else YES))
        elif not self.typing:
            self._before = self.held.text
            with self._input.prevent(Input.Changed):
                self._input.value = self.held.text
            self._input.placeholder = self.held.inherited or self.field.metavar
            self._input.action_end()
            self._input.display = True
            self.screen.set_focus(self._input)
            self.post_message(self.Reached(self.field))
            self.refresh()

    def leave(self, how: str) -> None:
        """End the typing: "keep", "undo", "next", "previous" or "blur"."""
        if not self.typing:
            return
        # What the last keys changed may not have been told yet, and is no longer asked for then.
        text = self._before if how == "undo" else self._input.value
        self.post_message(self.Typed(self.field.name, text))
        if how != "blur":
            self.screen.set_focus(self)
        self._input.display = False
        self.refresh()
        step = {"keep": 1, "next": 1, "previous": -1}.get(how, 0)
        if step:
            self._go_on(step, how != "keep")

    def take_over(self) -> None:
        """Make the value that would be inherited one's own, to change it."""
        if not self.held.text and self.held.inherited:
            self.post_message(self.Typed(self.field.name, self.held.inherited))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.typing:
            self.post_message(self.Typed(self.field.name, event.value))

    def on_click(self) -> None:
        if not self.typing:
            self.screen.set_focus(self)
            self.edit()
