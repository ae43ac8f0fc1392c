"""Jobs in a notebook's cell."""

from __future__ import annotations

import sys
import types
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.status import JobRow, make_row
from kbatch_core.view import MOST_ROWS, to_html
from tests.cluster.processes import wait_for
from tests.commands.fleet import Fleet
from tests.status.objects import NOW, job


class Seen(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def row(**changes: Any) -> JobRow:
    return msgspec.structs.replace(make_row(job(), [], [], NOW), **changes)


@given(st.text(), st.text(), st.text())
def test_no_text_of_a_job_becomes_a_tag(name: str, sentence: str, hint: str) -> None:
    plain = {tag for tag, _ in Seen(to_html([row()], NOW)).tags}
    seen = Seen(to_html([row(name=name, sentence=sentence, hint=hint)], NOW))
    assert {tag for tag, _ in seen.tags} == plain
    assert all(set(attrs) <= {"style", "title"} for _, attrs in seen.tags)
    one = row(name="<script>alert(1)</script>", hint="' onmouseover='alert(1)")
    assert Seen(to_html([one], NOW)).cells[1] == "<script>alert(1)</script>"


def test_the_newest_that_runs_come_first_and_not_too_many() -> None:
    rows = [row(id=f"a{n:07}", submitted=float(n), finished=n % 2 == 0) for n in range(120)]
    page = to_html(rows, NOW)
    cells = Seen(page).cells
    assert cells[0] == "a0000119"
    assert page.count("<tr title") == MOST_ROWS
    assert f"and {120 - MOST_ROWS} more" in page
    assert to_html([], NOW) == "<p>No jobs.</p>"


def test_a_job_in_a_cell_is_one_line() -> None:
    one = job()
    pretty: Any = pytest.importorskip("IPython.lib.pretty")
    assert pretty.pretty(one) == f"Job {one.metadata.name} in namespace {one.metadata.namespace}"


class Notebook:
    """What IPython's display does, written down."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, what: str, display_id: bool) -> Notebook:
        assert display_id
        self.shown.append(what)
        return self

    def update(self, what: str) -> None:
        self.shown.append(what)


def test_a_cell_follows_a_job_to_its_end(ann: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook()
    module: Any = types.ModuleType("IPython.display")
    module.display, module.HTML = notebook.display, str
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    other = ann.submit(name="other")
    job = ann.submit(name="mine")
    view = ann.client.view(job)
    view._ipython_display_()
    assert "PD" in notebook.shown[0]
    assert other.metadata.labels["kbatch/id"] not in notebook.shown[0]
    (pod,) = ann.run(job)
    wait_for(lambda: ">R<" in notebook.shown[-1], what="the cell to say that it runs")
    ann.finish(pod, 0)
    wait_for(lambda: ">CD<" in notebook.shown[-1], what="the cell to say that it has ended")
    wait_for(lambda: view._queue is None, what="the view to stop by itself")
    assert "CD" in repr(view)
    assert "mine" in view._repr_html_()
