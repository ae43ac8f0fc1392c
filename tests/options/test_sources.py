"""Which source wins, what is refused wherever it stands, and what is ignored by name."""

from __future__ import annotations

import pytest

from kbatch_core.errors import BadOption
from kbatch_core.model.options.config import read_config
from kbatch_core.model.options.directives import Directives, read_directives
from kbatch_core.model.options.option import Option
from kbatch_core.model.options.resolve import EXPORTED, Resolved, Typed, resolve
from kbatch_core.model.options.table import TABLE
from kbatch_core.model.options.unsupported import IGNORED, REFUSED


def script(*lines: str) -> Directives:
    return read_directives("\n".join(("#!/bin/python", *lines)), "job")


def of(
    typed: Typed | None = None,
    *lines: str,
    environ: dict[str, str] | None = None,
    user: str = "",
    site: str = "",
) -> Resolved:
    return resolve(
        typed or {},
        environ=environ or {},
        directives=script(*lines),
        user=read_config(user.encode(), "user.toml"),
        site=read_config(site.encode(), "site.toml"),
    )


# Each source with a time of its own, the strongest first.
LADDER: list[tuple[str, str]] = [
    ("1", "command line"),
    ("2", "KBATCH_TIME"),
    ("3", "job:3"),
    ("4", "job:2"),
    ("5", "user.toml"),
    ("6", "site.toml"),
]


@pytest.mark.parametrize("top", range(len(LADDER)))
def test_the_order_of_the_sources(top: int) -> None:
    have = {place for _, place in LADDER[top:]}
    resolved = of(
        {"time": "1"} if "command line" in have else {},
        "#SBATCH -t 4" if "job:2" in have else "#",
        "#KBATCH -t 3" if "job:3" in have else "#",
        environ={"KBATCH_TIME": "2"} if "KBATCH_TIME" in have else {},
        user="[options]\ntime = '5'" if "user.toml" in have else "",
        site="[options]\ntime = 6" if "site.toml" in have else "",
    )
    text, place = LADDER[top]
    assert resolved.get("time") == int(text) * 60
    assert resolved.rows() == [("--time", text, place)]


def test_the_last_of_one_source_wins() -> None:
    assert of({}, "#SBATCH -c 2", "#SBATCH -c 3").get("cpus-per-task") == 3000


def test_kbatch_lines_win_wherever_they_stand() -> None:
    assert of({}, "#KBATCH --mem=8G", "#SBATCH --mem=64G").rows() == [("--mem", "8G", "job:2")]


def test_nothing_given() -> None:
    resolved = of({"time": None, "hold": False, "env": ()})
    assert resolved.rows() == []
    assert resolved.get("time") is None
    assert resolved.ignored_sentence() == ""


def test_names_as_click_writes_them() -> None:
    assert of({"cpus_per_task": "2", "test_only": True}).get("test-only") is True
    with pytest.raises(KeyError):
        of({"cpu_per_task": "2"})


def test_repeated_options_are_joined_the_strongest_last() -> None:
    resolved = of({"env": ["A=1", "B=2"]}, "#KBATCH --env A=0 --env C=3", site="[options]\nenv = ['D=4']")
    assert resolved.all("env") == [("D", "4"), ("A", "0"), ("C", "3"), ("A", "1"), ("B", "2")]


@pytest.mark.parametrize(
    ("text", "value"),
    [("", True), ("yes", True), ("1", True), ("0", False), ("no", False)],
)
def test_flags_in_variables(text: str, value: bool) -> None:
    assert of({}, "#SBATCH -H", environ={"KBATCH_HOLD": text}).get("hold") is value


def test_an_empty_variable_says_nothing() -> None:
    assert of({}, "#SBATCH -t 5", environ={"KBATCH_TIME": ""}).get("time") == 300


def test_variables_that_a_job_exports_are_no_options_inside_it() -> None:
    exported = dict.fromkeys(EXPORTED, "1") | {"KBATCH_MEM": "2G"}
    assert len(of(environ=exported).values) == 1 + len(EXPORTED)
    inside = of(environ=exported | {"KBATCH_JOB_ID": "k7m2x9qa"})
    assert inside.rows() == [("--mem", "2G", "KBATCH_MEM")]


@pytest.mark.parametrize("option", IGNORED, ids=lambda option: option.name)
def test_ignored_options_are_named_once(option: Option) -> None:
    word = f"{option.flag}=x" if option.kind == "value" else option.flag
    resolved = of({}, f"#SBATCH {word}", f"#SBATCH {word}")
    assert resolved.ignored_sentence() == f"Ignored: {option.flag}."
    assert [item.source for item in resolved.ignored] == ["job:2"]
    assert resolved.values == {}


@pytest.mark.parametrize("option", REFUSED, ids=lambda option: option.name)
@pytest.mark.parametrize("typed", [True, False])
def test_refused_options_are_refused_wherever_they_stand(option: Option, typed: bool) -> None:
    with pytest.raises(BadOption) as caught:
        of({option.name: "x"} if typed else {}, "#" if typed else f"#SBATCH {option.flag}=x")
    assert f"{option.flag} is not possible here: " in caught.value.sentence
    assert caught.value.hint == option.hint
    assert caught.value.where == ("" if typed else "job:2")


@pytest.mark.parametrize("where", ["command line", "KBATCH_STRICT", "config"])
def test_strict_refuses_what_is_ignored(where: str) -> None:
    typed: Typed = {"strict": True} if where == "command line" else {}
    environ = {"KBATCH_STRICT": "1"} if where == "KBATCH_STRICT" else {}
    site = "[options]\nstrict = true" if where == "config" else ""
    with pytest.raises(BadOption, match="--mail-type, --nice would be ignored"):
        of(typed, "#SBATCH --nice --mail-type=ALL", environ=environ, site=site)
    assert of(typed, "#SBATCH -c 2", environ=environ, site=site).get("strict") is True


def test_other_resources_in_gres_are_ignored_by_name() -> None:
    resolved = of({}, "#SBATCH --gres=lscratch:10,gpu:1")
    assert resolved.ignored_sentence() == "Ignored: --gres=lscratch."
    with pytest.raises(BadOption, match="--gres=lscratch"):
        of({"strict": True}, "#SBATCH --gres=lscratch:10,gpu:1")


@pytest.mark.parametrize(
    ("line", "flag"),
    [("-N 2", "--nodes"), ("-n 8", "--ntasks"), ("--ntasks-per-node=4", "--ntasks-per-node"),
     ("--tasks-per-node 2", "--ntasks-per-node"), ("--ntasks-per-gpu=2", "--ntasks-per-gpu"),
     ("--ntasks-per-socket=2", "--ntasks-per-socket"), ("--ntasks-per-core=2", "--ntasks-per-core")],
)  # fmt: skip
def test_more_than_one_is_refused(line: str, flag: str) -> None:
    with pytest.raises(BadOption, match=r"A job (is 1 task|runs on 1 node), not") as caught:
        of({}, f"#SBATCH {line}")
    assert str(caught.value).startswith(f"job:2: {flag}: ")
    assert caught.value.where == "job:2"


def test_one_is_accepted_and_may_override_more() -> None:
    assert of({}, "#SBATCH -N 1 -n 1 --ntasks-per-node=1").ignored == ()
    assert of({"ntasks": "1"}, "#SBATCH -n 8").get("ntasks") == 1


@pytest.mark.parametrize(
    ("typed", "line", "environ", "place"),
    [
        ({"time": "x"}, "#", {}, ""),
        ({}, "#SBATCH --time=x", {}, "job:2"),
        ({}, "#", {"KBATCH_TIME": "x"}, "KBATCH_TIME"),
    ],
)
def test_an_error_says_option_and_place(typed: Typed, line: str, environ: dict[str, str], place: str) -> None:
    with pytest.raises(BadOption) as caught:
        of(typed, line, environ=environ)
    assert caught.value.where == place
    assert str(caught.value).startswith(f"{place}: --time: 'x' " if place else "--time: 'x' ")


def test_an_error_in_a_config_says_the_file() -> None:
    with pytest.raises(BadOption) as caught:
        of(site="[options]\nmem = 'lots'")
    assert caught.value.where == "site.toml"


@pytest.mark.parametrize(
    "line",
    ["--mem=4G --mem-per-cpu=1G", "--mem-per-gpu=1G --mem-per-cpu=1G", "-c 4 --cpus-per-gpu=2",
     "--requeue --no-requeue"],
)  # fmt: skip
def test_options_that_exclude_each_other(line: str) -> None:
    with pytest.raises(BadOption, match="exclude each other") as caught:
        of({}, f"#SBATCH {line}")
    assert caught.value.where == "job:2"


def test_a_stronger_source_replaces_the_other_way_to_say_it() -> None:
    assert of({"mem": "4G"}, "#SBATCH --mem-per-cpu=1G").rows() == [("--mem", "4G", "command line")]
    assert of({"requeue": True}, "#SBATCH --no-requeue").rows() == [("--requeue", "yes", "command line")]
    assert of({"gpus": "1"}, "#SBATCH --gres=gpu:4,lscratch:1").rows() == [("--gpus", "1", "command line")]
    assert of({"gres": "lscratch:1"}, "#SBATCH --gpus=2").get("gpus") is not None


@pytest.mark.parametrize("line", ["-o $HOME/x", "-e ~/x", "-D $SCRATCH"])
def test_what_no_shell_replaces_is_said(line: str) -> None:
    (note,) = of({}, f"#SBATCH {line}").notes
    assert note.startswith("job:2: --")
    assert of({"output": "$x"}, environ={"KBATCH_ERROR": "~/$x"}).notes == ()


def test_the_first_of_several_partitions_is_said() -> None:
    resolved = of({"partition": "short,long"})
    assert resolved.get("partition") == "short"
    assert resolved.notes == ("command line: of the partitions short,long the first is used, short",)


def test_every_option_with_an_effect_has_a_variable() -> None:
    with_one = {option.name for option in TABLE if option.variable}
    assert with_one == {option.name for option in TABLE if option.category not in ("ignored", "refused")}
    assert "KBATCH_CPUS_PER_TASK" in {option.variable for option in TABLE}
