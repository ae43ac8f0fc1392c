"""Values of single options."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kbatch_core.errors import BadOption
from kbatch_core.model.options import values
from kbatch_core.model.options.values import Export, Gpus, Gres


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
