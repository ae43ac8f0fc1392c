"""FormFields: the fields one below the other, those that are rarely needed folded away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from kqueue_tui.dashboard.actions import FIELDS, bindings
from kqueue_tui.dashboard.form.field import Field, Held
from kqueue_tui.dashboard.widgets.field_row import FieldRow
from kqueue_tui.dashboard.widgets.paint import faint_for


def tell(line: Static, text: Content, *, layout: bool = True) -> None:
    """Change a line only if it reads otherwise: each change costs a layout of the screen, without it a repaint."""
    text, before = faint_for(line, text), line.content
    if not (isinstance(before, Content) and before.is_same(text)):
        line.update(text, layout=layout)


class FormFields(VerticalScroll, can_focus=False):
    """`show` fills the fields. `find` shows those with some words alone."""

    BINDINGS = bindings(FIELDS)

    def __init__(self, every: Iterable[Field]) -> None:
        super().__init__(id="form-fields")
        self._rows = {field.name: FieldRow(field, self._go_on) for field in every}
        self._more = Static(id="form-more", markup=False)
        self._unfolded = False
        self._words = ""

    def compose(self) -> ComposeResult:
        yield from (row for row in self._rows.values() if row.field.common)
        yield self._more

    @property
    def current(self) -> FieldRow | None:
        """The field with the cursor."""
        # The screen knows it at once, the widget itself only after its next message.
        focused = self.screen.focused
        found = focused if isinstance(focused, FieldRow) else focused.parent if focused is not None else None
        return found if isinstance(found, FieldRow) else None

    def row(self, name: str) -> FieldRow:
        return self._rows[name]

    def on_resize(self) -> None:
        """What is said about a field below may be longer than of the one before: the cursor stays in sight."""
        row = self.current
        if row is not None:
            row.scroll_visible(animate=False)

    async def show(self, held: Mapping[str, Held]) -> None:
        """Fill the fields; one that is folded away and holds something comes forth."""
        for name, row in self._rows.items():
            row.show(held.get(name, Held()))
        await self._lay_out()

    async def unfold(self) -> None:
        """Show all options, or only the common ones again."""
        self._unfolded = not self._unfolded
        await self._lay_out()

    async def find(self, words: str) -> None:
        """Show the fields with these words; "" shows them as before."""
        self._words = words
        await self._lay_out()

    @property
    def finds(self) -> bool:
        """Whether only what was looked for is shown."""
        return bool(self._words)

    @property
    def shown(self) -> list[FieldRow]:
        return [row for row in self._rows.values() if self._is_shown(row)]

    def go_to(self, name: str) -> None:
        """Put the cursor on a field."""
        row = self._rows[name]
        if row.is_attached:
            self.screen.set_focus(row)

    def _is_shown(self, row: FieldRow) -> bool:
        if self._words:
            return row.field.matches(self._words)
        held = row.held
        return row.field.common or self._unfolded or bool(held.text or held.inherited or held.problem)

    async def _lay_out(self) -> None:
        new = [row for row in self._rows.values() if not row.is_attached and self._is_shown(row)]
        for row in new:
            # In the order of the table, whenever they come.
            rare = [row for row in self._rows.values() if not row.field.common]
            later = [other for other in rare[rare.index(row) :] if other.is_attached]
            await self.mount(row, before=later[0] if later else self._more)
        for row in self._rows.values():
            row.display = self._is_shown(row)
        hidden = len(self._rows) - len(self.shown)
        words = "fewer options" if self._unfolded else f"{hidden} more options, / finds one"
        text = Content.assemble((" a ", "bold $text-accent"), (words, "$foreground 60%"))
        tell(self._more, text.stylize(Style.from_meta({"@click": "screen.more"})), layout=False)
        self._more.display = not self._words and (bool(hidden) or self._unfolded)

    # Keys

    def action_move(self, by: int) -> None:
        rows, now = self.shown, self.current
        if not rows:
            return
        at = rows.index(now) if now in rows else 0
        self.screen.set_focus(rows[min(max(at + by, 0), len(rows) - 1)])

    def action_move_page(self, sign: int) -> None:
        self.action_move(sign * max(self.size.height - 1, 1))

    def action_move_end(self, end: int) -> None:
        rows = self.shown
        if rows:
            self.screen.set_focus(rows[end])

    def action_edit(self) -> None:
        row = self.current
        if row is not None:
            row.edit()

    def action_clear(self) -> None:
        row = self.current
        if row is not None:
            self.post_message(FieldRow.Typed(row.field.name, ""))

    def action_take_over(self) -> None:
        row = self.current
        if row is not None:
            row.take_over()

    def _go_on(self, step: int, edit: bool) -> None:
        before = self.current
        self.action_move(step)
        row = self.current
        if edit and row is not None and row is not before and not row.field.toggles:
            row.edit()
