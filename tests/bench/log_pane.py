"""The log pane against Textual's Log and RichLog: many lines at once, lines all the time, and a paused reader.

Each case is a process of its own, headless at 160x45. CPU seconds, because a pane shares the processor with the rest.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

BULK = 100_000
RATE, SECONDS, BATCHES = 1_000, 5, 10
WIDGETS = ("LogPane", "Log", "RichLog")


def text(number: int) -> str:
    return f"2026-11-25 03:46:24 INFO step {number:6} loss 0.{number % 9973:04} " + "x" * (number % 60)


def run() -> list[str]:
    found = {name: measure(name) for name in WIDGETS}
    lines = []
    for title, key, unit in (
        (f"{BULK} lines at once", "bulk", "s CPU"),
        (f"{RATE} lines a second in {BATCHES} batches", "live", "% of a core"),
        ("one more line at the end of them", "one", "ms CPU"),
        ("a page up and down", "page", "ms CPU"),
        ("memory of them", "memory", "MB"),
    ):
        ours = found["LogPane"][key]
        lines.append(f"{title}: {ours:.2f} {unit}")
        lines += [
            f"  against {name}: {found[name][key]:.2f} {unit} (ratio {ours / max(found[name][key], 1e-9):.2f})"
            for name in WIDGETS[1:]
        ]
    moved = {name: int(found[name]["moved"]) for name in WIDGETS}
    lines.append(
        f"a reader who paused is moved by {moved['LogPane']} lines while the oldest are forgotten; "
        + ", ".join(f"{name}: {moved[name]}" for name in WIDGETS[1:])
    )
    return lines


def measure(name: str) -> dict[str, float]:
    """The figures of one widget, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.log_pane", name], check=True, capture_output=True, text=True
    )
    pairs = (line.split("=") for line in done.stdout.splitlines() if "=" in line)
    return {key: float(value) for key, value in pairs}


Add = Callable[[int, int], None]


def widget(name: str, limit: int | None) -> tuple[Any, Add]:
    """A widget, and a function that adds lines first..first+count-1 to it. `limit`: about how many it keeps."""
    if name == "LogPane":
        from kbatch_core.logs import Line
        from kqueue_tui.dashboard.view.log_buffer import OVERHEAD
        from kqueue_tui.dashboard.widgets.log_lines import LogLines

        lines = LogLines((limit or 10 * BULK) * (90 + OVERHEAD))
        return lines, lambda first, count: lines.add(
            [Line(text(number).encode(), number) for number in range(first, first + count)]
        )
    if name == "Log":
        from textual.widgets import Log

        log = Log(max_lines=limit)
        return log, lambda first, count: void(log.write_lines(map(text, range(first, first + count))))
    from textual.widgets import RichLog

    rich = RichLog(max_lines=limit)

    def add(first: int, count: int) -> None:
        for number in range(first, first + count):
            rich.write(text(number))

    return rich, add


def void(_: object) -> None:
    pass


async def with_widget(made: Any, work: Callable[[Any], Awaitable[None]]) -> None:
    """Run `work` in an app that shows the widget."""
    from pathlib import Path

    from textual.app import App, ComposeResult

    import kqueue_tui.dashboard

    class Bench(App[None]):
        CSS_PATH = Path(kqueue_tui.dashboard.__file__).parent / "queue.tcss"

        def compose(self) -> ComposeResult:
            yield made

    app = Bench()
    async with app.run_test(size=(160, 45)) as pilot:
        made.focus()
        await pilot.pause()
        await work(pilot)


async def figures(name: str) -> dict[str, float]:
    found: dict[str, float] = {}
    made, add = widget(name, None)

    async def much(pilot: Any) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        for first in range(0, BULK, 5_000):
            add(first, 5_000)
            await pilot.pause()
        found["bulk"] = time.process_time() - start
        found["memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        start = time.process_time()
        for number in range(20):
            add(BULK + number, 1)
            await pilot.pause()
        found["one"] = (time.process_time() - start) / 20 * 1000
        start = time.process_time()
        for _ in range(10):
            await pilot.press("pageup")
            await pilot.press("pagedown")
        found["page"] = (time.process_time() - start) / 20 * 1000

    await with_widget(made, much)
    live, add_live = widget(name, None)

    async def always(pilot: Any) -> None:
        add_live(0, 10_000)
        await pilot.pause()
        start, began = time.process_time(), time.perf_counter()
        for batch in range(SECONDS * BATCHES):
            add_live(10_000 + batch * RATE // BATCHES, RATE // BATCHES)
            await asyncio.sleep(max(0, began + (batch + 1) / BATCHES - time.perf_counter()))
        found["live"] = (time.process_time() - start) / (time.perf_counter() - began) * 100

    await with_widget(live, always)
    small, add_small = widget(name, 200)

    async def paused(pilot: Any) -> None:
        add_small(0, 200)
        await pilot.pause()
        await pilot.press("pageup")
        await pilot.pause()
        before = top(small)
        add_small(200, 100)
        await pilot.pause()
        await pilot.pause()
        found["moved"] = abs(top(small) - before)

    await with_widget(small, paused)
    return found


def top(made: Any) -> int:
    """The number in the line at the top of the screen."""
    line = made.render_line(0).text
    return int(line.partition("step")[2].split()[0])


if __name__ == "__main__":
    for key, value in asyncio.run(figures(sys.argv[1])).items():
        print(f"{key}={value}")
