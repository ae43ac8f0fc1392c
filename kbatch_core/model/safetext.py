"""Text from outside, made safe to print: names, comments, event and condition messages.

Whoever may create a pod or name a job chooses such text. On a terminal it could move the cursor, set the title
or reverse what is read; in a table a newline breaks the row. Made harmless once, where text enters the model,
so that nothing above has to think of it.
"""

from __future__ import annotations

import re

# Whole escape sequences go: CSI (colours, cursor), OSC/DCS/APC/PM/SOS strings with their end, two-byte ones.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# Joiners are part of words and emoji in many scripts; they reorder nothing.
_JOINERS = "\u200c\u200d"
_SPACES = frozenset("\t\n\v\f\r\x85\u2028\u2029")


def safe_text(text: str, limit: int | None = None) -> str:
    """`text` as one line that can only be read: at most `limit` characters, the last one then an ellipsis.

    Escape sequences are taken out, line ends and tabs become spaces, what is left of control and direction
    characters and of broken surrogates becomes U+FFFD. Printable text of any script stays as it is.
    """
    if not text.isprintable():
        text = "".join(_safe(char) for char in _ESCAPES.sub("", text))
    if limit is not None and len(text) > limit:
        return text[: limit - 1].rstrip() + "…"
    return text


def _safe(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    # What is left and counts as space are the spaces of other scripts and widths.
    return " " if char in _SPACES or (char.isspace() and ord(char) > 0x1F) else "\N{REPLACEMENT CHARACTER}"
