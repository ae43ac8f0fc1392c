"""Report: what the cluster says to a job before it is sent, and the question whether to. No is the default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from kqueue_tui.dashboard.dialogs.question import Question


class Report(Question):
    """`lines` are (subject, sentence); `off` says why it cannot be submitted, "" when it can. The answer is True for
    yes. Without `asks` it only tells."""

    BINDINGS = [  # noqa: RUF012
        Binding("y,s", "yes", "Yes", show=False),
        Binding("j,down", "scroll(1)", "Down", show=False),
        Binding("k,up", "scroll(-1)", "Up", show=False),
    ]

    def __init__(
        self,
        name: str,
        command: str,
        lines: Sequence[tuple[str, str]],
        warnings: Sequence[str] = (),
        off: str = "",
        *,
        asks: bool,
    ) -> None:
        super().__init__()
        self._name, self._command, self._lines = name, command, lines
        self._warnings, self._off = warnings, off
        self.may = asks and not off

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="report"):
            title = f"Submit {self._name}?" if self.may else f"What the cluster says to {self._name}"
            yield Static(title, classes="question", markup=False)
            with VerticalScroll(classes="text"):
                yield Static(Content.assemble(("$ ", "$foreground 50%"), (self._command, "bold")))
                yield Static()
                for subject, text, style in self._all():
                    with Horizontal(classes="line"):
                        yield Static(Content.assemble((subject, style)), classes="subject")
                        yield Static(
                            text, classes=f"said {'warning' if subject == '!' else ''}", markup=False
                        )
            if self._off:
                yield Static(self._off, classes="warning", markup=False)
            with Horizontal(classes="buttons"):
                if self.may:
                    yield Button(Content.assemble(("N", "underline"), "o"), id="no")
                    yield Button(
                        Content.assemble(("Y", "underline"), "es, submit"), id="yes", variant="success"
                    )
                else:
                    yield Button("Close", id="no")

    def _all(self) -> Iterable[tuple[str, str, str]]:
        """(subject, sentence, style of the subject)."""
        for subject, text in self._lines:
            yield subject, text, "bold $text-error" if subject == "refused" else "$text-accent"
        for warning in self._warnings:
            yield "!", warning, "bold $text-warning"

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
