"""Whatever stands in ~/.kbatch: reading it never fails, never leaves the folder, and never makes a success."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbatch_core.history import History, Past, match, output_path, past_row, past_task_rows
from kbatch_core.history.past import make_past
from kbatch_core.model import labels
from kbatch_core.model.names import id_from
from kbatch_core.model.record import parse_record
from tests.history.home import UID, answer, ended, manifest, started, submitted
from tests.status.objects import ID, NOW, complete
from tests.values import places

DEEP = b'{"id":"' + ID.encode() + b'","junk":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
FOREIGN = [
    b"",
    b"\0" * 4096,
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe{}",
    b'{"id":"' + ID.encode() + b'"}',
    b'{"job":{}}',
    DEEP,
    b"9" * 10_000,
]


def everything(past: Past) -> list[Any]:
    """All that is made of a Past; it must not raise, and must be printable."""
    rows = [past_row(past, NOW, gone=gone) for gone in (True, False)]
    rows += past_task_rows(past, NOW, gone=True)
    for row in rows:
        texts = [value for value in msgspec.structs.astuple(row) if isinstance(value, str)]
        assert all(text.isprintable() for text in texts), texts
        msgspec.json.encode(row)
        row.elapsed(NOW)
    match([past], "abc")
    output_path(past)
    return rows


@pytest.mark.parametrize("data", FOREIGN)
def test_a_file_that_is_not_ours_says_nothing(tmp_path: Path, data: bytes) -> None:
    folder = tmp_path / ".kbatch" / ID
    folder.mkdir(parents=True)
    for name in ("job.json", "record.json", "record-7.json"):
        (folder / name).write_bytes(data)
    assert History(tmp_path).read_all() == []
    submitted(tmp_path, "bcd23456")
    (tmp_path / ".kbatch" / "bcd23456" / "record.json").write_bytes(data)
    (past,) = History(tmp_path).read_all()
    assert everything(past)[0].state == "?"


def test_a_file_cut_off_anywhere_is_no_file(tmp_path: Path) -> None:
    ended(tmp_path)
    whole = (tmp_path / ".kbatch" / ID / "record.json").read_bytes().rstrip()
    for length in range(len(whole)):
        assert parse_record(whole[:length]) is None
    assert parse_record(whole) is not None


def test_the_record_of_another_job_or_task_is_not_believed(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    ended(tmp_path, "bcd23456")
    folder = tmp_path / ".kbatch" / ID
    (tmp_path / ".kbatch" / "bcd23456" / "record.json").rename(folder / "record.json")
    ended(tmp_path, task=3)
    (folder / "record-3.json").rename(folder / "record-4.json")
    past = history.read(ID)
    assert past is not None
    assert past.records == {}


def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    ended(outside)
    for name in ("symlink", "fifo", "folder", "device"):
        home = tmp_path / name
        submitted_folder = home / ".kbatch" / ID
        home.mkdir()
        history = submitted(home)
        target = submitted_folder / "record.json"
        if name == "symlink":
            target.symlink_to(outside / ".kbatch" / ID / "record.json")
        elif name == "fifo":
            os.mkfifo(target)
        elif name == "folder":
            target.mkdir()
        else:
            target.symlink_to("/dev/zero")
        past = history.read(ID)
        assert past is not None
        assert past_row(past, NOW, gone=True).state == "?"


def test_a_folder_that_is_a_symlink_is_no_job(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    ended(outside)
    root = tmp_path / ".kbatch"
    root.mkdir()
    (root / ID).symlink_to(outside / ".kbatch" / ID)
    (root / "bcd23456").write_text("a file")
    (root / "not-an-id").mkdir()
    history = History(tmp_path)
    assert history.read_all() == []
    assert history.read(ID) is None
    assert history.manifest(ID) is None
    assert history.whole(ID) is None
    with pytest.raises(OSError, match=r"Not a directory|symbolic"):
        history.accept(manifest(), answer(manifest()), past_origin(), NOW)
    assert sorted(path.name for path in (outside / ".kbatch" / ID).iterdir()) == ["record.json", "starts"]


def past_origin() -> Any:
    from kbatch_core.history import Origin

    return Origin("https://x")


def test_what_was_accepted_is_not_taken_back_nor_another_job_s_end_kept(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    history.withdraw(ID)
    history.keep(answer(manifest(), uid="another"))
    past = history.read(ID)
    assert past is not None
    assert past.job.metadata.uid == UID


def test_what_is_no_folder_costs_no_other_job(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    for number in range(20):
        (history.path / id_from(f"stray-{number}")).write_text("no folder")
    (past,) = history.read_all()
    assert past.id == ID


def test_the_history_itself_may_be_a_symlink(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / ".kbatch").symlink_to(tmp_path / "scratch")
    submitted(tmp_path)
    assert (tmp_path / "scratch" / ID / "job.json").is_file()
    assert History(tmp_path).ids() == [ID]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    for name in ("record.json", "starts"):
        with (tmp_path / ".kbatch" / ID / name).open("wb") as file:
            file.truncate(1 << 40)
    past = history.read(ID)
    assert past is not None
    assert past_row(past, NOW, gone=True).state == "?"


def test_names_that_lead_elsewhere_are_no_ids(tmp_path: Path) -> None:
    history = submitted(tmp_path)
    for name in ("..", ".", "", "../..", f"../.kbatch/{ID}", f"{ID}/", ID.upper()):
        assert history.read(name) is None
        assert history.manifest(name) is None


HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**300),
    st.just(-1),
    st.floats(),
    st.text(max_size=20),
    st.just("\x1b]0;x\x07\u202e\n"),
    st.just("9999-12-31T23:59:59-23:59"),
    st.just("0001-01-01T00:00:00Z"),
    st.just("0-99999999999"),
    st.just("1e99"),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
)


def job_file() -> Any:
    sent = manifest(array="1-4")
    sent["metadata"] |= {"uid": UID, "creationTimestamp": "2026-10-01T00:00:00Z"}
    sent["metadata"]["annotations"][labels.CANCELLED_AT] = "1790000000"
    sent["status"] = {"conditions": complete(), "completedIndexes": "0-2", "failedIndexes": "3", "failed": 1}
    return {"submitted": NOW, "origin": {"server": "https://x", "authority": "a"}, "job": sent}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_value_anywhere_in_a_job_file_is_survived(data: st.DataObject) -> None:
    whole = job_file()
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(list(places(whole))))
        container[key] = data.draw(HOSTILE)
    past = make_past(ID, json.dumps(whole).encode(), {}, {1: b"1790000000\n"})
    assert past is not None
    everything(past)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_value_anywhere_in_a_record_is_survived_and_is_no_success(data: st.DataObject) -> None:
    record = {
        "id": ID, "task": None, "exit": 3, "reason": "", "start": NOW - 500, "end": NOW - 100, "cpu": 300,
        "mem": 1 << 30, "oom": 0, "restart": 0, "node": "node-b", "output_error": "",
    }  # fmt: skip
    key = data.draw(st.sampled_from([name for name in record if name != "exit"]))
    record[key] = data.draw(HOSTILE)
    text = json.dumps(record).encode()
    past = make_past(ID, json.dumps({"job": manifest()}).encode(), {None: text}, {None: b"1790000000\n"})
    assert past is not None
    assert everything(past)[0].state != "CD"


@pytest.mark.parametrize("slow", [False, True])
def test_of_hundreds_of_jobs_each_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    monkeypatch.setattr(time, "thread_time", (lambda: 0.0) if slow else time.perf_counter)
    ids = {id_from(str(number)) for number in range(300)}
    for job_id in ids:
        ended(tmp_path, job_id)
    (tmp_path / ".kbatch" / "file2345").write_text("")
    assert sorted(past.id for past in History(tmp_path).read_all()) == sorted(ids)


def test_thousands_of_files_in_a_folder_are_read_once(tmp_path: Path) -> None:
    history = submitted(tmp_path, array="0-999")
    for task in range(1000):
        ended(tmp_path, task=task)
    started(tmp_path, task=7)
    (past,) = history.read_all()
    assert (len(past.records), list(past.outdated)) == (999, [7])
    row = past_row(past, NOW, gone=True)
    assert row.tasks is not None
    assert (row.state, row.tasks.done, row.tasks.unknown) == ("?", 999, 1)
