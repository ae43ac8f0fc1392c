"""`python -m tests.jupyterlab.keys FILE`: a Textual app that notes the name of each key, to the first Esc."""

from __future__ import annotations

import sys
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Static


class Keys(App[None]):
    ENABLE_COMMAND_PALETTE = False
    file = Path(sys.argv[1])

    def compose(self) -> ComposeResult:
        yield Static("READY")

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            with self.file.open("a") as file:
                file.write(f"{event.key}\n")
            if event.key == "escape":
                self.exit()
        else:
            await super().on_event(event)


if __name__ == "__main__":
    Keys().run()
