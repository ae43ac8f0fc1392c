"""AskUpdate: what to change in jobs that are waiting or run. Enter goes on to the question, Esc gives up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from kbatch_core.errors import KbatchError
from kbatch_core.manifest.update import Update, read_update
from kbatch_core.model import labels
from kbatch_core.model.timelimit import format_time
from kbatch_core.status.reading import array_of, is_array, seconds
from kqueue_tui.dashboard.dialogs.confirm import named
from kqueue_tui.dashboard.dialogs.dialog import Dialog

if TYPE_CHECKING:
    from kbatch_core.model.objects import Job

LABELS = {"time": "Time limit", "throttle": "Tasks at a time"}


class AskUpdate(Dialog[Update]):
    """A line for each thing that can be changed in one of the jobs; what is left empty stays.

    `refusal` says why none of the jobs can be changed so, "" when one can.
    """

    BINDINGS = [Binding("escape", "close", "Close", show=False)]  # noqa: RUF012

    def __init__(
        self, title: str, names: Sequence[str], jobs: Sequence[Job], refusal: Callable[[Update], str]
    ) -> None:
        super().__init__()
        self._title, self._names, self._refusal = title, names, refusal
        self._inputs = {
            name: Input(placeholder=text, compact=True, id=f"update-{name}") for name, text in _lines(jobs)
        }
        self._said = Static(classes="about", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="update"):
            yield Static(self._title, classes="question", markup=False)
            yield Static(named(self._names), classes="names", markup=False)
            for name, field in self._inputs.items():
                with Horizontal(classes="line"):
                    yield Static(LABELS[name], classes="subject", markup=False)
                    yield field
            yield self._said

    def on_mount(self) -> None:
        next(iter(self._inputs.values())).focus()
        self._say()

    def _typed(self) -> dict[str, str]:
        return {name: field.value.strip() for name, field in self._inputs.items() if field.value.strip()}

    def _read(self) -> Update:
        """What is typed. Raises BadOption."""
        return read_update(**self._typed())

    def _problem(self) -> str:
        """What is wrong with it, "" when it can be done."""
        try:
            return self._refusal(self._read())
        except KbatchError as error:
            return str(error)

    @on(Input.Changed)
    def _say(self) -> None:
        problem = self._problem() if self._typed() else ""
        more = ", Tab goes to the other" if len(self._inputs) > 1 else ""
        self._said.update(
            Content.assemble((f"✗ {problem}", "$text-error"))
            if problem
            else f"Enter asks{more}, Esc gives up"
        )

    @on(Input.Submitted)
    def _entered(self) -> None:
        if self._typed() and not self._problem():
            self.dismiss(self._read())


def _lines(jobs: Sequence[Job]) -> Iterable[tuple[str, str]]:
    """(what can be changed in one of them, what it is now)."""
    limits = {format_time(seconds(job, labels.TIME_LIMIT) or None) for job in jobs if not is_array(job)}
    if limits:
        yield "time", f"now {limits.pop() if len(limits) == 1 else 'different ones'}"
    arrays = [array_of(job) for job in jobs if is_array(job)]
    throttles = {array.throttle or 0 if array is not None else 0 for array in arrays}
    if throttles:
        now = throttles.pop() or "all" if len(throttles) == 1 else "different ones"
        yield "throttle", f"now {now}; 0 is all"
