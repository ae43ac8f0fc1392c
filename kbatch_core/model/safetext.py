"""Text from outside, made safe to print: names, comments, event and condition messages.

Whoever may create a pod or name a job chooses such text. On a terminal it could move the cursor, set the title
or reverse what is read; in a table a newline breaks the row. Made harmless once, where text enters the model,
so that nothing above has to think of it.
"""

from __future__ import annotations

import re

# Whole escape sequences go: CSI (colours, cursor), OSC/DCS/APC/PM/SOS strings with their end, two-byte ones.
_ESCAPES = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_COLOURS = r"(\x1b\[[0-9;:]*m)"
_PLAIN = ("\x1b[0m", "\x1b[m")
# Joiners are part of words and emoji in many scripts; they reorder nothing.
_JOINERS = "\u200c\u200d"
_SPACES = frozenset("\t\n\v\f\r\x85\u2028\u2029")


def safe_text(text: str, limit: int | None = None) -> str:
    """`text` as one line that can only be read: at most `limit` characters, the last one then an ellipsis.

    Escape sequences are taken out, line ends and tabs become spaces, what is left of control and direction
    characters and of broken surrogates becomes U+FFFD. Printable text of any script stays as it is.
    """
    if not text.isprintable():
        text = "".join(_safe(char) for char in re.sub(_ESCAPES, "", text))
    if limit is not None and len(text) > limit:
        return text[: limit - 1].rstrip() + "…"
    return text


def safe_line(text: str, *, colours: bool = True) -> str:
    """A line of a log that can only be read: its colours stay, everything else that moves or hides goes.

    Of a progress bar, which writes over itself with carriage returns, the last state stays. Tabs stay.
    """
    if text.isprintable():
        return text
    text = last_state(text)
    text = re.sub(
        _ESCAPES, lambda found: found[0] if re.fullmatch(_COLOURS, found[0]) and colours else "", text
    )
    parts = re.split(_COLOURS, text)
    parts[::2] = ["".join(char if char == "\t" else _safe(char) for char in part) for part in parts[::2]]
    if len(parts) > 1 and colours:
        return "".join(parts) + ("" if parts[-2] in _PLAIN else "\x1b[0m")
    return "".join(parts[::2])


def last_state(text: str) -> str:
    """What a terminal shows of a line that was written over with carriage returns: the last that is not empty."""
    if "\r" not in text:
        return text
    return next((part for part in reversed(text.split("\r")) if part), "")


def _safe(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    # What is left and counts as space are the spaces of other scripts and widths.
    return " " if char in _SPACES or (char.isspace() and ord(char) > 0x1F) else "\N{REPLACEMENT CHARACTER}"
