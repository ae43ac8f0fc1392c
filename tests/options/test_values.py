"""Values of single options."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model.options import values
from kbatch_core.model.options.values import Export, Gpus, Gres
from tests.model.fuzz import fuzz


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (values.parse_gpus, "2", Gpus(2)),
        (values.parse_gpus, "0", Gpus(0)),
        (values.parse_gpus, "a100", Gpus(1, "a100")),
        (values.parse_gpus, "a100:2", Gpus(2, "a100")),
        (values.parse_gpus, "1g.5gb:1", Gpus(1, "1g.5gb")),
        (values.parse_gpus, "nvidia_a100:1", Gpus(1, "nvidia_a100")),
        (values.parse_gres, "gpu", Gres(Gpus(1))),
        (values.parse_gres, "gpu:2", Gres(Gpus(2))),
        (values.parse_gres, "gpu:v100:2", Gres(Gpus(2, "v100"))),
        (values.parse_gres, "gres:gpu:1", Gres(Gpus(1))),
        (values.parse_gres, "gres/gpu:1", Gres(Gpus(1))),
        (values.parse_gres, "gpu:2(S:0-1)", Gres(Gpus(2))),
        (values.parse_gres, "GPU:1", Gres(Gpus(1))),
        (values.parse_gres, "lscratch:100,gpu:1", Gres(Gpus(1), ("lscratch",))),
        (values.parse_gres, "none", Gres(None)),
        (values.parse_gres, "craynetwork:0", Gres(None, ("craynetwork",))),
        (values.parse_export, "ALL", Export()),
        (values.parse_export, "NONE", Export(everything=False)),
        (values.parse_export, "nil", Export(everything=False)),
        (values.parse_export, "A,B=x", Export(False, ("A",), (("B", "x"),))),
        (values.parse_export, "ALL,B=x=y", Export(True, (), (("B", "x=y"),))),
        (values.parse_export, 'B="a,b",C', Export(False, ("C",), (("B", "a,b"),))),
        (values.parse_export, "A,A", Export(False, ("A",), ())),
        (values.parse_export, "B=", Export(False, (), (("B", ""),))),
        (values.parse_open_mode, "append", "append"),
        (values.parse_open_mode, "T", "truncate"),
        (values.parse_flag, "", True),
        (values.parse_flag, "yes", True),
        (values.parse_flag, "2", True),
        (values.parse_flag, "0", False),
        (values.parse_flag, "No", False),
        (values.parse_not_flag, "", False),
        (values.parse_requeue, "expedite", True),
        (values.parse_requeue, "no", False),
        (values.parse_home, "none", False),
        (values.parse_home, "server", True),
        (values.parse_nodes, "1", 1),
        (values.parse_nodes, "1-1", 1),
        (values.parse_tasks, " 01 ", 1),
        (values.parse_env, "A=b=c", ("A", "b=c")),
        (values.parse_env, "A=", ("A", "")),
        (values.parse_parameter, "a=b=c", ("a", "b=c")),
        *(
            (values.parse_image, text, text)
            for text in (
                "python",
                "python:3.12-slim",
                "quay.io/jupyter/scipy-notebook:2026-01-05",
                "localhost:5000/a/b__c",
                "hub:5000/a",
                "Hub.example.org/a",
                "[fd00::1]:5000/a",
                f"ghcr.io/a/b-c.d@sha256:{'0' * 64}",
                f"a:B@sha256:{'0' * 64}",
            )
        ),
        (values.parse_give_up_after, "1h", 3600),
        (values.parse_partition, "short,long", "short"),
        (values.parse_job_name, " a b ", "a b"),
        (values.parse_job_name, "日本/x", "日本/x"),
        (values.parse_comment, "two\nlines", "two lines"),
        (values.parse_command, "echo $HOME", "echo $HOME"),
        # Spaces around, letters of any case, and the largest that is allowed.
        (values.parse_gpus, " 1024 ", Gpus(1024)),
        (values.parse_gres, " gpu:1 , none", Gres(Gpus(1))),
        (values.parse_gres, "NONE", Gres(None)),
        (values.parse_export, " ALL , A ", Export(True, ("A",), ())),
        (values.parse_export, " None ", Export(everything=False)),
        (values.parse_open_mode, " append", "append"),
        (values.parse_flag, " YES ", True),
        (values.parse_requeue, " Expedite ", True),
        (values.parse_home, " None ", False),
        (values.parse_nodes, " 1-1 ", 1),
        (values.parse_tasks, "000000001", 1),
        (values.parse_env, " A =b", ("A", "b")),
        (values.parse_comment, " a ", "a"),
        (values.parse_comment, "x" * 4096, "x" * 4096),
        (values.parse_job_name, "x" * 1024, "x" * 1024),
    ],
)
def test_accepted(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        *(
            (values.parse_gpus, text)
            for text in ("", ":2", "a100:", "a:b:2", "-1", "a b", "1025", "2,a100:1", "٣")
        ),
        *((values.parse_gres, text) for text in ("", ",", "gpu:1,", "gpu:x:y:1", "gpu:1,gpu:2", "gpu:-1")),
        *(
            (values.parse_export, text)
            for text in ("", ",", "ALL,NONE", "1A", "A B", "KBATCH_X=1", "=x", "é")
        ),
        *((values.parse_env, text) for text in ("", "A", "=x", "A-B=x", "KBATCH_JOB_ID=x", "A=\0")),
        *(
            (values.parse_image, text)
            for text in (
                "",
                "a b",
                "A/b",
                "a:",
                "a@sha256:0",
                "docker://a",
                "a:b:c",
                "a//b",
                "-a",
                "a" * 5000,
            )
        ),
        (values.parse_parameter, "a"),
        *((values.parse_nodes, text) for text in ("", "2", "0", "1-4", "x", "1-", "-1", "9" * 30)),
        *((values.parse_tasks, text) for text in ("8", "1.0")),
        *((values.parse_flag, text) for text in ("maybe", "-1")),
        *(
            (values.parse_job_name, text)
            for text in ("a\nb", "a\0", "a\x1fb", "a\x7fb", "\ud800", "x" * 1025)
        ),
        (values.parse_open_mode, "x"),
        (values.parse_home, "copy"),
        (values.parse_give_up_after, "0"),
        (values.parse_text, " "),
        (values.parse_partition, ",a"),
        (values.parse_command, " "),
        (values.parse_comment, "x" * 5000),
    ],
)
def test_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse(text)
    assert caught.value.hint


def test_values_are_values() -> None:
    assert len({Gpus(1), Gpus(1, ""), Gres(None), Gres(None, ()), Export(), Export(True)}) == 3


def test_more_than_one_task_says_what_to_do_instead() -> None:
    with pytest.raises(BadOption) as caught:
        values.parse_tasks("8")
    assert "-c" in caught.value.hint and "--array" in caught.value.hint


# What is written as Slurm writes it is read as what it was made of.

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TYPES = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)
GPUS = st.builds(Gpus, st.integers(0, values.MAX_GPUS), st.just("") | TYPES)
OTHERS = st.lists(TYPES.filter(lambda name: name not in ("gpu", "none")), max_size=3, unique=True)
# Quotes are sbatch's own way to keep a comma; either kind keeps the other.
CONTENTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0'"), max_size=12)


def written(gpus: Gpus) -> str:
    return f"{gpus.type}:{gpus.count}" if gpus.type else str(gpus.count)


@fuzz
@given(gpus=GPUS, others=OTHERS)
def test_gpus_that_are_written_are_read_back(gpus: Gpus, others: list[str]) -> None:
    assert values.parse_gpus(written(gpus)) == gpus
    parts = [f"gpu:{written(gpus)}", *(f"{name}:1" for name in others)]
    assert values.parse_gres(",".join(parts)) == Gres(gpus, tuple(others))


@fuzz
@given(
    everything=st.booleans(),
    names=st.lists(NAMES, unique=True, max_size=3),
    pairs=st.dictionaries(NAMES, CONTENTS, max_size=3),
)
def test_an_export_that_is_written_is_read_back(
    everything: bool, names: list[str], pairs: dict[str, str]
) -> None:
    names = [name for name in names if name.upper() not in ("ALL", "NONE", "NIL")]
    pairs = {name: value.strip() for name, value in pairs.items() if not name.startswith("KBATCH_")}
    parts = [
        *(["ALL"] if everything else []),
        *names,
        *(f"{name}='{value}'" for name, value in pairs.items()),
    ]
    assert values.parse_export(",".join(parts) or "NONE") == Export(
        everything, tuple(names), tuple(pairs.items())
    )
