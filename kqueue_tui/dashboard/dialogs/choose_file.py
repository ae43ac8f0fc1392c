"""ChooseFile: the script or notebook, from the files of home."""

from __future__ import annotations

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from kqueue_tui.dashboard.dialogs.dialog import Dialog
from kqueue_tui.dashboard.widgets.file_tree import FileTree

KEYS = "Enter opens or takes, ← closes, . hidden files, / finds, Esc gives up"


class ChooseFile(Dialog[Path]):
    """Begins at `start`, if that is in home."""

    BINDINGS = [Binding("escape,q", "close", "Close", show=False)]  # noqa: RUF012

    def __init__(self, start: Path | None = None) -> None:
        super().__init__()
        home = Path.home()
        self._files = FileTree(home, start if start is not None and start.is_relative_to(home) else None)
        self._about = Static("Reading…", classes="about", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="files"):
            yield Static("Script or notebook", classes="question", markup=False)
            yield self._files
            yield self._about

    def on_mount(self) -> None:
        self._files.focus()

    @on(FileTree.Moved)
    def _moved(self, moved: FileTree.Moved) -> None:
        if self._files.reading:
            return
        if moved.problem:
            self._about.update(f"It cannot be read: {moved.problem}")
        elif moved.entry is None:
            self._about.update("There is no file here. . shows hidden ones, Esc closes")
        else:
            self._about.update(KEYS)

    @on(FileTree.Taken)
    def _taken(self, taken: FileTree.Taken) -> None:
        if str(taken.path).isprintable():
            self.dismiss(taken.path)
        else:
            self._about.update("Its name cannot be shown or typed. Rename it first.")

    @on(FileTree.Searching)
    def _search(self) -> None:
        from kqueue_tui.dashboard.dialogs.ask_text import AskText

        def typed(text: str | None) -> None:
            if text is not None:
                self._files.find(text)

        self.app.push_screen(AskText("Find a name with", about="Enter finds it, then n the next"), typed)
