"""What a form comes to as it is now: checked, with the Job that it makes. Blocking, so only called in a thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from kbatch_core.errors import KbatchError
from kbatch_core.model.safetext import safe_text
from kqueue_tui.dashboard.form.backend import FormBackend
from kqueue_tui.dashboard.form.check import Checked, check
from kqueue_tui.dashboard.form.model import Form, field_of


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """`like` are the values of the job that the form names with --like; `yaml` is the whole Job, if it was wanted."""

    form: Form
    checked: Checked
    like: Mapping[str, str]
    yaml: str = ""


def evaluate(
    form: Form, backend: FormBackend | None, known: tuple[str, Mapping[str, str]], submit_id: str
) -> Evaluation:
    """Check it; with a `submit_id` make the Job as well. `known` are the values of one earlier job, by its id."""
    found, like, yaml = check(form), {}, ""
    reference = form.options.get("like", "")
    try:
        if reference and backend is not None:
            like = dict(known[1] if known[0] == reference else backend.values_like(reference))
        if submit_id and backend is not None and not found.problem:
            yaml = backend.prepare(form, submit_id).yaml()
    except KbatchError as error:
        field = field_of(error) or ("like" if reference else "")
        found = dataclasses.replace(found, problem=safe_text(str(error)), field=field)
    return Evaluation(form, found, like, yaml)
