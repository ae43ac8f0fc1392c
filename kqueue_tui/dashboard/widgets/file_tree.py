"""FileTree: the files of home on the line API, so that a folder of 100,000 files opens as one of ten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.segment import Segment
from textual import events, on
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kqueue_tui.dashboard.actions import FILES, bindings
from kqueue_tui.dashboard.form.files import Entry, Tree, read_folder
from kqueue_tui.dashboard.widgets.paint import Painter

PREFIX = "file-tree"


class FileTree(ScrollView, can_focus=True):
    """Reads folders in threads of its own, which end with the folder."""

    COMPONENT_CLASSES = {  # noqa: RUF012
        f"{PREFIX}--{name}" for name in ("folder", "script", "file", "note", "problem", "cursor", "blank")
    }
    ACTIONS = FILES
    BINDINGS = bindings(FILES)

    @dataclass
    class Taken(Message):
        """A file was chosen."""

        path: Path

    @dataclass
    class Moved(Message):
        """The cursor is on another line, or a folder was read; `problem` is why the one under it cannot be."""

        entry: Entry | None
        problem: str = ""

    @dataclass
    class Searching(Message):
        """A text to find is wanted."""

    @dataclass
    class _Read(Message):
        folder: Path
        entries: tuple[Entry, ...]
        problem: str

    def __init__(self, root: Path, start: Path | None = None) -> None:
        super().__init__()
        self.files = Tree(root)
        self._start = start
        self._row = 0
        self._found = ""
        self._painter = Painter(self, PREFIX)

    def on_mount(self) -> None:
        self._read(self.files.root, 0)

    @property
    def cursor(self) -> Entry | None:
        return self.files.lines[self._row] if self._row < len(self.files.lines) else None

    @property
    def reading(self) -> bool:
        """Whether there is nothing to show yet."""
        return self.files.is_being_read(self.files.root)

    # Reading

    def _read(self, folder: Path, depth: int) -> None:
        if not self.files.begin(folder):
            return

        def work() -> None:
            entries, problem = read_folder(folder, depth)
            self.post_message(self._Read(folder, tuple(entries), problem))

        self.run_worker(work, name=f"read {folder.name}", group="files", thread=True, exit_on_error=False)

    @on(_Read)
    def _was_read(self, read: _Read) -> None:
        self._keeping_the_cursor(lambda: self.files.put(read.folder, read.entries, read.problem))
        self._open_on_the_way(read.folder)
        self._tell()

    def _open_on_the_way(self, folder: Path) -> None:
        """Open the next folder on the way to where it is to start, at last put the cursor there."""
        start = self._start
        if start is None or not start.is_relative_to(folder):
            return
        for entry in self.files.lines:
            if entry.is_folder and start.is_relative_to(entry.path) and not self.files.is_open(entry.path):
                self._open(entry)
                return
        at = self.files.place(start)
        if at is not None:
            self._start = None
            self._go_to(at)

    def _open(self, entry: Entry) -> None:
        self._read(entry.path, entry.depth + 1)
        self._keeping_the_cursor(lambda: self.files.open(entry.path))
        self._tell()

    def _tell(self) -> None:
        """Where the cursor is, and what is wrong with that folder."""
        entry = self.cursor
        folder = self.files.root if entry is None else entry.path
        self.post_message(self.Moved(entry, self.files.problem(folder)))

    def _keeping_the_cursor(self, change: Callable[[], None]) -> None:
        before = self.cursor
        change()
        at = self.files.place(before.path) if before is not None else None
        self._row = at if at is not None else min(self._row, max(len(self.files.lines) - 1, 0))
        self.virtual_size = Size(self.size.width, len(self.files.lines))
        self.refresh()

    # Painting

    def render_line(self, y: int) -> Strip:
        row, width = y + self.scroll_offset.y, self.size.width
        if row >= len(self.files.lines):
            return Strip([Segment(" " * width, self._painter.style("blank"))], width)
        entry = self.files.lines[row]
        sign = ("▾ " if self.files.is_open(entry.path) else "▸ ") if entry.is_folder else "  "
        kind = "folder" if entry.is_folder else "script" if entry.is_script else "file"
        style = self._painter.style(kind, "cursor" if row == self._row else "")
        text = "  " * entry.depth + sign + entry.name + ("/" if entry.is_folder else "")
        bar = "▌" if row == self._row else " "
        segments = [Segment(bar + text, style)]
        note = self.files.note(entry.path) if entry.is_folder else ""
        if note:
            kind = "problem" if self.files.problem(entry.path) else "note"
            segments.append(
                Segment(f"  {note}", self._painter.style(kind, "cursor" if row == self._row else ""))
            )
        return Strip(segments).adjust_cell_length(width, style)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.clear()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.files.lines))
        self._go_to(self._row)

    # Keys

    def action_move(self, by: int) -> None:
        self._go_to(self._row + by)

    def action_move_page(self, sign: int) -> None:
        self._go_to(self._row + sign * max(self.size.height - 1, 1))

    def action_move_end(self, end: int) -> None:
        self._go_to(0 if end == 0 else len(self.files.lines) - 1)

    def action_open(self) -> None:
        entry = self.cursor
        if entry is None:
            return
        if not entry.is_folder:
            self.post_message(self.Taken(entry.path))
        elif self.files.is_open(entry.path):
            self.action_close()
        else:
            self._open(entry)

    def action_close(self) -> None:
        """Close the folder; on a file the one that it is in."""
        entry = self.cursor
        if entry is None:
            return
        folder = entry.path if entry.is_folder and self.files.is_open(entry.path) else entry.path.parent
        if folder == self.files.root:
            return
        at = self.files.place(folder)
        self._row = at if at is not None else self._row
        self._keeping_the_cursor(lambda: self.files.close(folder))
        self._go_to(self._row)

    def action_hidden(self) -> None:
        self._keeping_the_cursor(self.files.toggle_hidden)
        self._go_to(self._row)

    def action_find(self) -> None:
        self.post_message(self.Searching())

    def find(self, text: str) -> None:
        """To the first name with this text, from where the cursor is."""
        self._found = text
        self._go_to_found(self._row)

    def action_again(self) -> None:
        self._go_to_found(self._row + 1)

    def _go_to_found(self, start: int) -> None:
        at = self.files.find(self._found, start) if self._found else None
        if at is not None:
            self._go_to(at)

    def _go_to(self, row: int) -> None:
        self._row = min(max(row, 0), max(len(self.files.lines) - 1, 0))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self._row < top:
            self.scroll_to(y=self._row, animate=False)
        elif self._row >= top + height:
            self.scroll_to(y=self._row - height + 1, animate=False)
        self.refresh()
        self._tell()

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.scroll_offset.y
        if row < len(self.files.lines):
            self._go_to(row)
            if self.files.lines[row].is_folder or event.chain == 2:
                self.action_open()
