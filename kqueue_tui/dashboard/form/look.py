"""Look: what a form comes to at this moment. Blocking, so only called in a thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.desk import Checked, Desk, check
from kqueue_tui.dashboard.form.model import Form, field_of


@dataclasses.dataclass(frozen=True)
class Look:
    """`like` are the values of the job that the form names with --like; `yaml` is the whole Job, if it was wanted."""

    form: Form
    checked: Checked
    like: Mapping[str, str]
    yaml: str = ""


def look(form: Form, desk: Desk | None, known: tuple[str, Mapping[str, str]], submit_id: str) -> Look:
    """Check it; with a `submit_id` make the Job as well. `known` are the values of one earlier job, by its id."""
    found, like, yaml = check(form), {}, ""
    reference = form.options.get("like", "")
    try:
        if reference and desk is not None:
            like = dict(known[1] if known[0] == reference else desk.values_like(reference))
        if submit_id and desk is not None and not found.problem:
            yaml = desk.prepare(form, submit_id).yaml()
    except KbatchError as error:
        field = field_of(error) or ("like" if reference else "")
        found = dataclasses.replace(found, problem=safe_text(str(error)), field=field)
    return Look(form, found, like, yaml)
