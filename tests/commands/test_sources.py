"""Where an option's value comes from, as a user sees it: `kbatch --show-options`, and the Job that comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kbatch_core.model import labels
from kbatch_core.model.options.table import TABLE
from tests.commands.calls import submit
from tests.commands.test_bad_input import KUBECONFIG

# From the strongest to the weakest: what the value is there, and what --show-options calls the place.
SOURCES = (
    ("1", "command line"),
    ("2", "KBATCH_TIME"),
    ("3", "s.sh:3"),
    ("4", "s.sh:2"),
    ("5", "HOME/.config/kbatch/config.toml"),
    ("6", "HOME/site.toml"),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").write_text(KUBECONFIG.replace("URL", "https://127.0.0.1:1"))
    for name in ("XDG_CONFIG_HOME", "KBATCH_TIME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("KBATCH_SITE_CONFIG", str(tmp_path / "site.toml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(home: Path, monkeypatch: pytest.MonkeyPatch, first: int) -> list[str]:
    """Give every source from this one on its own time limit, and the words that are typed."""
    lines = ["#SBATCH -t 4" if first <= 3 else "#", "#KBATCH --time=3" if first <= 2 else "#"]
    (home / "s.sh").write_text("\n".join(["#!/bin/sh", *lines, "true", ""]))
    if first <= 1:
        monkeypatch.setenv("KBATCH_TIME", "2")
    if first <= 4:
        (home / ".config" / "kbatch").mkdir(parents=True)
        (home / ".config" / "kbatch" / "config.toml").write_text("[options]\ntime = 5\n")
    (home / "site.toml").write_text('[options]\ntime = "6"\naccount = "physics"\n')
    return ["-t1"] if first == 0 else []


@pytest.mark.parametrize("first", range(len(SOURCES)), ids=[place for _, place in SOURCES])
def test_the_strongest_source_wins_and_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    typed = write(home, monkeypatch, first)
    text, place = SOURCES[first]
    shown = submit(*typed, "--show-options", "s.sh").lines()
    assert ["--time", text, *place.replace("HOME", str(home)).split()] in shown
    assert ["--account", "physics", str(home / "site.toml")] in shown
    made = submit(*typed, "--dry-run=json", "s.sh").json()
    assert made["metadata"]["annotations"][labels.TIME_LIMIT] == str(60 * int(text))
    assert made["metadata"]["labels"][labels.ACCOUNT] == "physics"


def test_what_is_ignored_is_shown_with_its_place_and_reason(home: Path) -> None:
    (home / "s.sh").write_text("#!/bin/sh\n#SBATCH --mail-type=END --nodelist=n1\n")
    shown = submit("--show-options", "s.sh")
    assert shown.code == 0
    ignored = [line for line in shown.out.splitlines() if "is ignored" in line]
    assert [line.split(" (s.sh:2): ")[0] for line in ignored] == [
        "--mail-type is ignored",
        "--nodelist is ignored",
    ]
    assert "No mail is sent" in ignored[0]


def test_a_line_of_somebody_elses_script_cannot_act_on_the_terminal(home: Path) -> None:
    (home / "s.sh").write_text(
        "#!/bin/sh\n#SBATCH --comment=a\u202eb --export=X=\x1b[2J --mail-type=\x1b[2J\n"
    )
    shown = submit("--show-options", "s.sh")
    assert shown.code == 0
    assert all(line.isprintable() for line in shown.out.split("\n")), shown.out


@pytest.mark.parametrize("strict", ["command line", "variable", "line", "config"])
def test_strict_from_anywhere(home: Path, monkeypatch: pytest.MonkeyPatch, strict: str) -> None:
    (home / "s.sh").write_text(
        "#!/bin/sh\n#SBATCH --nodelist=n1\n" + ("#KBATCH --strict\n" if strict == "line" else "")
    )
    if strict == "variable":
        monkeypatch.setenv("KBATCH_STRICT", "1")
    if strict == "config":
        (home / "site.toml").write_text("[options]\nstrict = true\n")
    result = submit(*(["--strict"] if strict == "command line" else []), "--dry-run", "s.sh")
    assert (result.code, result.out) == (2, "")
    assert "--nodelist would be ignored" in result.err


@pytest.mark.parametrize("word", ["-h", "--help", "--usage"])
def test_help_names_every_option_that_does_something(word: str) -> None:
    shown = submit("-H", word, "s.sh", "--nonsense")
    assert shown.code == 0
    words = {part for line in shown.lines() for part in line if part.startswith("--")}
    assert {option.flag for option in TABLE if option.settable} <= words
