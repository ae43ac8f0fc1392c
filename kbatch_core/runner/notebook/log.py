"""The job's log: what cells print, as it comes, and the cell that failed."""

from __future__ import annotations

import re
import sys
from typing import Any

KEPT_CHARACTERS = 4_000_000
"""Of what a cell prints in one go, in the notebook; the log has everything."""

_ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)")


def write(stream: str, text: str) -> None:
    """Text to the job's `stdout` or `stderr`, now."""
    file = sys.stderr.buffer if stream == "stderr" else sys.stdout.buffer
    file.write(text.encode("utf-8", "replace"))
    file.flush()


def say(text: str) -> None:
    """A sentence of ours to the log."""
    write("stderr", f"kbatch: {text}\n")


def one_line(error: BaseException) -> str:
    """An error's words, without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__


def without_colours(text: str) -> str:
    """`text` without the escape sequences of a terminal."""
    return _ESCAPE.sub("", text)


def quote(headline: str, cell: Any) -> None:
    """The cell that failed, in the log: what happened, its source, and its traceback without colours."""
    lines = ["", f"kbatch: {headline}", "", *(f"    {line}" for line in cell.source.splitlines()), ""]
    for output in cell.outputs:
        if output["output_type"] == "error":
            lines += without_colours("\n".join(output["traceback"])).splitlines()
    write("stderr", "\n".join(lines) + "\n")


def show(kind: str, content: Any) -> None:
    """What a message of the kernel says to a person: printed text, and the text form of a result."""
    if kind == "stream":
        write(content["name"], content["text"])
    elif kind in ("execute_result", "display_data"):
        text = content["data"].get("text/plain")
        if text:
            write("stdout", f"{text}\n")


class Stream:
    """The text of one stream output: what a carriage return overwrites is not kept, nor what is too much."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self._parts: list[str] = []
        self._line = ""
        self._size = 0
        self.add(node["text"])

    def add(self, text: str) -> None:
        """Append `text`."""
        text = self._line + text
        end = text.rfind("\n") + 1
        # A carriage return at the end overwrites nothing yet.
        self._line = _OVERWRITTEN.sub("", text[end:-1]) + text[end:][-1:]
        whole = _OVERWRITTEN.sub("", text[:end])
        if self._size < KEPT_CHARACTERS:
            self._parts.append(whole[: KEPT_CHARACTERS - self._size])
        self._size += len(whole)

    def settle(self) -> None:
        """Bring the output up to date."""
        text = "".join(self._parts)
        if self._size > KEPT_CHARACTERS:
            text += f"\n[{self._size - KEPT_CHARACTERS} more characters are in the job's output file]\n"
        self.node["text"] = text + self._line[:KEPT_CHARACTERS]
