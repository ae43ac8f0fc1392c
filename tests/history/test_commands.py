"""The commands where there is no cluster any more: they answer from home, and say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kqueue_tui.cli.kqueue import kqueue
from kqueue_tui.cli.run import main
from kqueue_tui.cli.table import cell_width
from tests.history.home import ended, manifest, submitted
from tests.history.test_prune import age
from tests.status.objects import ID, NOW

GONE = "bcd23456"
OUTPUT = f"work/kbatch-{ID}.out"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a job that ended well, one of which nothing is known, and no way to a cluster."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "ann")
    for name in ("KUBECONFIG", "JUPYTERHUB_USER"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "work").mkdir()
    (tmp_path / OUTPUT).write_bytes(b"first\n\xff\x00 second\n")
    submitted(tmp_path)
    ended(tmp_path)
    submitted(tmp_path, GONE)
    return tmp_path


def run(capfd: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of `kqueue ARGS`."""
    code = main(kqueue, "kqueue", list(args))
    captured = capfd.readouterr()
    return code, captured.out, captured.err


@pytest.mark.usefixtures("home")
def test_list_a_shows_what_home_knows_and_says_that_no_cluster_was_asked(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run(capfd, "list", "-a")
    assert code == 3
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [[GONE, "train", "?"], [ID, "train", "CD"]]
    assert "There is no Kubernetes cluster to talk to" in err
    assert "your home's history alone" in err
    code, out, _ = run(capfd, "list")
    assert (code, out) == (3, "")


@pytest.mark.usefixtures("home")
def test_show_and_its_parts(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capfd, "show", ID)
    assert code == 0
    assert "exit 0; peak 1G of 4G" in out
    assert "the history in home" in out
    assert "This is from your home's history." in err
    assert run(capfd, "show", "--script", ID)[1] == "#!/bin/sh\n"
    whole = json.loads(run(capfd, "show", "-o", "json", ID)[1])
    assert whole["spec"] == manifest()["spec"]
    assert run(capfd, "show", "bcd")[1].splitlines()[0].split() == ["Job", GONE, "train"]
    code, out, err = run(capfd, "show", "train")
    assert (code, out) == (2, "")
    assert '"train" means 2 jobs of the history' in err


def test_of_a_job_of_which_only_the_record_is_left_each_command_says_what_it_can(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (home / ".kbatch" / ID / "job.json").unlink()
    for args, code, words in (
        (("show", ID), 0, "exit 0"),
        (("show", "--script", ID), 2, "cannot be read"),
        (("eff", ID), 0, "exit 0"),
        (("logs", ID), 1, "not known to have an output file"),
    ):
        done, out, err = run(capfd, *args)
        assert (done, words in out + err) == (code, True), (args, out, err)


@pytest.mark.usefixtures("home")
def test_eff(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capfd, "eff", ID)
    assert code == 0
    assert "Next time  --mem 1280M -c 1 -t 10:00" in out
    account = json.loads(run(capfd, "eff", "--json", ID)[1])
    assert (account["row"]["id"], account["proposal"]["memory"]) == (ID, 1280 << 20)
    code, out, _ = run(capfd, "eff", GONE)
    assert code == 1
    assert "Nothing tells what it used" in out
    code, out, err = run(capfd, "eff", "zzzz9999")
    assert (code, out) == (3, "")
    assert len(err.splitlines()) == 1


def test_history_and_prune(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capfd, "history")
    assert code == 3
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [[GONE, "train", "?"], [ID, "train", "CD"]]
    assert "2 jobs, " in err
    age(home, 40 * 86400)
    _, out, _ = run(capfd, "history", "prune", "--dry-run")
    assert out.splitlines()[1].startswith(ID)
    assert out.splitlines()[-1].startswith("Would remove 1 job, ")
    assert (home / ".kbatch" / ID).exists()
    _, out, _ = run(capfd, "history", "prune", "--older-than", "3000d")
    assert out.startswith("Nothing to remove")
    _, out, _ = run(capfd, "history", "prune", "-y")
    assert "Removed 1 job from" in out
    assert [path.name for path in (home / ".kbatch").iterdir()] == [GONE]
    assert (home / OUTPUT).exists(), "an output file is no part of the history"
    _, out, _ = run(capfd, "history", "prune", "--unknown", "-y")
    assert list((home / ".kbatch").iterdir()) == []


@pytest.mark.usefixtures("home")
def test_a_log_that_is_not_there_does_not_keep_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capfd, "logs", "zzzz9999", ID)
    assert code == 3
    assert out.splitlines()[0] == f"{ID} first", "it is told whose line it is"
    assert len(err.splitlines()) == 2
    code, out, _ = run(capfd, "logs", f"{ID}_3", ID)
    assert code == 2, "it is no array"
    assert out.splitlines()[0] == f"{ID} first"


def test_what_one_task_used(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    array = "cde34567"
    submitted(home, array, array="1-3")
    ended(home, array, task=1, mem=1 << 30)
    ended(home, array, task=3, mem=2 << 30, exit=3)
    code, out, _ = run(capfd, "eff", f"{array}_3")
    assert code == 0
    assert f"Job  {array}_3  train" in out
    assert "Memory  peak 2G of 4G, 50 %" in out
    assert "Memory  peak 2G of 4G, 50 %" in run(capfd, "show", f"{array}_3")[1]
    assert "peak 1G (task 1), median" in run(capfd, "eff", array)[1]
    code, out, err = run(capfd, "eff", f"{array}_2")
    assert (code, "Nothing tells what it used" in out) == (1, True)
    for task, words in (("9", "has no task 9"), ("[1,3]", "means 2 tasks")):
        code, out, err = run(capfd, "eff", f"{array}_{task}")
        assert (code, out) == (2, "")
        assert words in err


@pytest.mark.usefixtures("home")
def test_one_form_at_a_time(capfd: pytest.CaptureFixture[str]) -> None:
    for args in (("--script", "-o", "yaml"), ("--script", "--supervisor")):
        code, out, err = run(capfd, "show", *args, ID)
        assert (code, out) == (2, "")
        assert "exclude each other" in err


def test_columns_stand_below_each_other_whatever_the_name(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = home / ".kbatch" / ID / "job.json"
    path.write_text(path.read_text().replace('"train"', '"\u540d\u524d x"'))
    lines = run(capfd, "history")[1].splitlines()
    assert "\u540d\u524d" in lines[2]
    columns = [
        cell_width(line[: line.index(state)]) for line, state in zip(lines, ("ST", "?", "CD"), strict=True)
    ]
    assert len(set(columns)) == 1


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("value", ["30", "x", "-1d"])
def test_an_age_that_cannot_be_meant(capfd: pytest.CaptureFixture[str], value: str) -> None:
    code, out, err = run(capfd, "history", "prune", f"--older-than={value}")
    assert (code, out) == (2, "")
    assert value in err


def test_prune_asks_a_person(
    home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    age(home, 40 * 86400)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert run(capfd, "history", "prune")[0] == 2, "nobody is there to ask"
    assert (home / ".kbatch" / ID).exists()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    for answer, left in (("n", True), ("y", False)):
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda text, said=answer: said)
        run(capfd, "history", "prune")
        assert (home / ".kbatch" / ID).exists() is left


def test_of_a_job_of_unknown_end_the_last_sign_of_life_is_told(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = home / ".kbatch" / GONE
    (folder / "starts").write_text(f"{NOW - 500:.0f}\n")
    (folder / "usage.csv").write_text(f"{NOW - 490:.0f},5000000,1000000\n{NOW - 480:.0f},10000000,2000000\n")
    code, out, _ = run(capfd, "eff", GONE)
    assert code == 0
    assert "CPU  0.50 of 2 cores, 25 %" in out
    assert "by its last sign of life" in out
    assert "Next time" not in out
