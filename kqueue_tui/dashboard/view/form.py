"""What the form says, as styled text (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from textual.content import Content

from kbatch_core.model.options.table import BY_NAME
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.check import Checked
from kqueue_tui.dashboard.form.field import Field, Held
from kqueue_tui.dashboard.form.model import Form, problem_of

Stage = Literal["", "submitting", "asking", "not yet", "ready"]
_STAGES: Mapping[Stage, tuple[str, str]] = {
    "": ("", ""),
    "submitting": ("Submitting…", "bold $text-warning"),
    "asking": ("Asking the cluster…", "bold $text-warning"),
    "not yet": ("✗ not yet a job", "$text-error"),
    "ready": ("✓ s submits it", "$text-success"),
}


def title(place: str, stage: Stage) -> Content:
    """The first line: what this is, where it would be submitted, how far it is."""
    return Content.assemble((" Submit a job ", "bold"), (f"  {place}   ", "$foreground 60%"), _STAGES[stage])


def help_of(field: Field, held: Held) -> Content:
    """What the field under the cursor is for."""
    more = " → takes it over, to change it." if held.inherited else ""
    about = f" {field.about}" if field.about else ""
    words = (field.help, "$foreground 90%"), (about, "$foreground 60%"), (more, "$text-accent")
    return Content.assemble(*words)


def held_by(
    field: Field, form: Form, checked: Checked, like: tuple[str, Mapping[str, str]], told: str
) -> Held:
    """What a field shows. `like` are the values of an earlier job, by its id; `told` is what is wrong with it."""
    text = form.text(field.name)
    inherited, source = checked.values.get(field.name, ("", ""))
    if field.name in like[1]:
        inherited, source = safe_text(like[1][field.name]), f"as in {like[0]}"
    problem = problem_of(BY_NAME[field.name], text) if field.name in BY_NAME else ""
    return Held(text, "" if text else inherited, source, safe_text(problem or told))
