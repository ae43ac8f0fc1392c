"""A log pane in an app of its own, and a log that does what a test says."""

from __future__ import annotations

import queue
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

import kqueue_tui.dashboard
from kbatch_core.errors import KbatchError
from kbatch_core.logs import Batch, End, Line, LogEvent, LogRequest, Reading
from kqueue_tui.dashboard.logs.job import LogTask
from kqueue_tui.dashboard.screens.log_pane import LogPane

NS = 1_000_000_000
START = 1_790_000_000


class Script:
    """What readers give: first `events`, then what is `say`d; it ends after an End or an error. Keeps the requests.

    `container`: an answer for requests that only a container's log can answer, "" = the file is read for all.
    """

    def __init__(self, *events: LogEvent) -> None:
        self.events = list(events)
        self.requests: list[LogRequest] = []
        self.stopped = 0
        self.error: KbatchError | None = None
        self._queues: list[queue.Queue[Batch | KbatchError | None]] = []

    def __call__(self, request: LogRequest) -> ScriptReader:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        made: queue.Queue[Batch | KbatchError | None] = queue.Queue()
        self._queues.append(made)
        return ScriptReader(self, request, made)

    def say(self, *events: LogEvent) -> None:
        """To the newest reader."""
        self._queues[-1].put(list(events))

    def fail(self, error: KbatchError) -> None:
        self._queues[-1].put(error)


class ScriptReader:
    def __init__(
        self, script: Script, request: LogRequest, events: queue.Queue[Batch | KbatchError | None]
    ) -> None:
        self._script = script
        self._request = request
        self._queue = events

    def stop(self) -> None:
        self._script.stopped += 1
        self._queue.put(None)

    def batches(self) -> Iterator[Batch]:
        source = "the container's log" if self._request.needs_container else "the file /home/ann/x.out"
        yield [Reading(source)]
        if self._script.events:
            yield self._script.events
        if not self._request.follow or (self._script.events and isinstance(self._script.events[-1], End)):
            return
        while (what := self._queue.get()) is not None:
            if isinstance(what, KbatchError):
                raise what
            yield what
            if what and isinstance(what[-1], End):
                return


def numbered(count: int, first: int = 0, *, filler: str = "") -> list[LogEvent]:
    """Lines `line N`, one a second."""
    return [Line(f"line {n}{filler}".encode(), (START + n) * NS) for n in range(first, first + count)]


class PaneApp(App[None]):
    """One pane, or two."""

    CSS_PATH = [Path(kqueue_tui.dashboard.__file__).parent / name for name in ("queue.tcss", "screens.tcss")]  # noqa: RUF012

    def __init__(self, script: Script, folder: Path, tasks: Sequence[LogTask], limit: int) -> None:
        super().__init__()
        self.animation_level = "none"
        self.pane = LogPane(
            script, "t4n8qw2x train", tasks=lambda: tasks, folder=lambda: folder, limit=limit,
            now=lambda: START + 10_000.0,
        )  # fmt: skip

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.lines.focus()


async def drained(pilot: Pilot[None], pane: LogPane, lines: int | None = None) -> None:
    """Until the pane has taken what its reader has given, and `lines` are there."""
    for _ in range(200):
        await pilot.pause(0.02)
        if lines is None or len(pane.lines.buffer) >= lines:
            break
    else:
        raise AssertionError(f"{len(pane.lines.buffer)} lines, not {lines}")
    await pilot.pause(0.05)
    await pilot.pause()


@asynccontextmanager
async def pane_of(
    script: Script,
    *,
    size: tuple[int, int] = (80, 24),
    folder: Path = Path("/nonexistent"),
    tasks: Sequence[LogTask] = (),
    limit: int = 1 << 25,
) -> AsyncIterator[tuple[Pilot[None], LogPane]]:
    """A pane that has shown the first events of its log."""
    app = PaneApp(script, folder, tasks, limit)
    async with app.run_test(size=size, notifications=True) as pilot:
        await drained(
            pilot, app.pane, len(script.events) if script.error is None and limit > 1 << 20 else None
        )
        yield pilot, app.pane


def screen_lines(pane: LogPane) -> list[str]:
    """The text of the pane's lines as they are painted, without blanks at the end."""
    lines = pane.lines
    return [lines.render_line(y).text.rstrip() for y in range(lines.size.height)]


def title(pane: LogPane) -> str:
    return str(pane._title.render())


def notice(pane: LogPane) -> str:
    """What stands in the middle when there are no lines; "" when there are some."""
    return str(pane._notice.render()) if pane._notice.display else ""


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def typed(pilot: Pilot[None], key: str, text: str) -> None:
    """Open a bar, type, and wait until that has settled."""
    await pilot.press(key)
    await pilot.pause()
    pilot.app.screen.query_one(Input).value = text
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()
