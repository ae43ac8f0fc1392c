"""Rich styles from the component classes of a widget, blended so that see-through colours work in the line API."""

from __future__ import annotations

import re

from rich.style import Style
from textual.content import Content, Span
from textual.widget import Widget

_SEE_THROUGH = re.compile(r" [1-6]\d%")


def faint_for(widget: Widget, content: Content) -> Content:
    """The content as it is; in a theme of the terminal's own colours, which cannot be blended, what would be
    see-through is faint."""
    if not widget.app.current_theme.ansi:
        return content
    spans = [
        Span(start, end, f"{style} dim")
        if isinstance(style, str) and _SEE_THROUGH.search(style)
        else Span(start, end, style)
        for start, end, style in content.spans
    ]
    return Content(content.plain, spans)


class Painter:
    """Styles of one widget by (component of the text, component of the row). `clear` when its CSS changed."""

    def __init__(self, widget: Widget, prefix: str) -> None:
        self._widget = widget
        self._prefix = prefix
        self._styles: dict[tuple[str, str], Style] = {}

    def clear(self) -> None:
        self._styles.clear()

    def style(self, text: str, row: str = "") -> Style:
        """The style of `PREFIX--text` on a row of `PREFIX--row`, which may be "" for a plain one."""
        style = self._styles.get((text, row))
        if style is None:
            style = self._styles[text, row] = self._make(text, row)
        return style

    def _make(self, text: str, row: str) -> Style:
        _, background = self._widget.background_colors
        style = Style()
        if row:
            row_styles = self._widget.get_component_styles(f"{self._prefix}--{row}")
            style += row_styles.text_style
            if row_styles.background.ansi is None and background.ansi is None:
                background += row_styles.background
            elif row_styles.background.a:
                # A terminal's own colours cannot be blended, and as they are they would hide the text.
                style += Style(reverse=True) if row.endswith("cursor") else Style(bold=True)
        text_styles = self._widget.get_component_styles(f"{self._prefix}--{text}")
        colour = text_styles.color
        style += text_styles.text_style
        if colour.ansi is not None or background.ansi is not None:
            # Faint text is the nearest to a see-through one.
            dim = Style(dim=True) if colour.a < 1 else Style()
            return style + Style(color=colour.rich_color, bgcolor=background.rich_color) + dim
        return style + Style(color=(background + colour).rich_color, bgcolor=background.rich_color)
