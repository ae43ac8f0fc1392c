"""Whatever is typed or stands in a script: a job, or one sentence and a documented exit code; never a traceback, and
nothing is created when anything was wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kbatch_core.model.options.table import TABLE
from kqueue_tui.cli import follow
from tests.commands.calls import Result, submit
from tests.commands.test_bad_input import KUBECONFIG
from tests.scripted import ScriptedServer

fuzz = settings(
    deadline=None,
    max_examples=120,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
# As a Job and as a list of nothing; whatever is asked gets it.
ANSWER = {
    "kind": "Job",
    "metadata": {"name": "x", "uid": "u", "labels": {"kbatch/id": "abcd2345"}},
    "items": [],
}
SCRIPTS = {
    "train.sh": b"#!/bin/bash\n#SBATCH --time=2:00:00 --mem=4G\n#KBATCH --env A=1\npython train.py\n",
    "fit.py": b"print(1)\n",
    "wrong.sh": b"#!/bin/sh\n#SBATCH --time=soon\n",
    "empty.sh": b"",
    "latin.sh": b"#!/bin/sh\necho \xe9\n",
    "note.ipynb": b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "1"}]}',
    "odd.ipynb": b'{"nbformat": 4, "cells": [3]}',
    "lines.txt": b"a\nb b\n\nc\n",
}
# Each of them means something to some option.
VALUES = (
    "1", "2", "0", "90", "4G", "1:30:00", "2-00", "0-3%2", "1,5", "yes", "no", "a100:2", "gpu:1", "USR1@60", "ALL",
    "A", "A=1", "none", "server", "truncate", "out-%j.txt", "out-%q", "-5", "lines.txt", "lines.txt%2", "-", "~", "/",
    ".", "registry/image:1", "echo $HOME | wc", "", "json", "x" * 5000, "\udcff", "é✓", "a\tb",
    "99999999999999999999",
)  # fmt: skip
SPELLINGS = sorted({spelling for option in TABLE for spelling in option.spellings})

# What a process can be given: no NUL, and bytes that are no UTF-8 as Python has them.
texts = st.one_of(
    st.sampled_from(VALUES),
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from("\udc80\udcff-=%,:a1"), max_size=6),
)
spellings = st.one_of(
    st.sampled_from(SPELLINGS),
    st.sampled_from(SPELLINGS).flatmap(lambda word: st.integers(1, len(word)).map(lambda end: word[:end])),
)
options = st.one_of(
    spellings.map(lambda word: [word]),
    st.tuples(spellings, texts).map(list),
    st.tuples(spellings, texts).map(lambda pair: ["=".join(pair)]),
    st.tuples(spellings, texts).map(lambda pair: ["".join(pair)]),
)
marks = st.sampled_from(["#SBATCH ", "#KBATCH ", "#SBATCH", "# ", "#PBS ", "", "\t"])
scripts = st.one_of(st.sampled_from(sorted(SCRIPTS)), st.sampled_from(["train.sh", "--", "."]), texts)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedServer]:
    """A cluster that accepts everything; its kubeconfig and the scripts are in the working directory."""
    home = tmp_path_factory.mktemp("home")
    for name, data in SCRIPTS.items():
        (home / name).write_bytes(data)
    with (
        ScriptedServer([(200, {}, json.dumps(ANSWER).encode())]) as made,
        pytest.MonkeyPatch.context() as patch,
    ):
        (home / "config").write_text(KUBECONFIG.replace("URL", made.url))
        patch.chdir(home)
        patch.setenv("HOME", str(home))
        patch.setenv("KUBECONFIG", str(home / "config"))
        # They stay until the job has ended, which here is never.
        patch.setattr(follow, "wait", lambda client, job: 0)
        patch.setattr(follow, "follow", lambda client, job: 0)
        yield made


def outcome(server: ScriptedServer, args: Sequence[str], data: bytes = b"") -> Result:
    """What comes of the arguments, after checking that it is one of the things that may."""
    before = len(server.requests)
    result = submit(*args, input=data)
    sent = [path for method, path, _ in server.requests[before:] if method == "POST" and "dryRun" not in path]
    assert result.code in (0, 1, 2, 3), result
    assert "Traceback" not in result.err
    assert len(sent) <= (1 if result.code == 0 else 0), (result, sent)
    if result.code:
        last = result.err.splitlines()[-1] if result.err else result.out
        assert last.startswith("kbatch: ") or result.code == 1, result
    return result


@fuzz
@given(typed=st.lists(options, max_size=4), words=st.lists(scripts, max_size=3), data=st.binary(max_size=60))
@example(typed=[], words=["train.sh", "\udcff"], data=b"")
@example(typed=[["--wrap", "echo \udcff"]], words=[], data=b"")
@example(typed=[["--env", "A=\udcff"]], words=["train.sh"], data=b"")
@example(typed=[["-P", "a=\udcff"]], words=["note.ipynb"], data=b"")
@example(typed=[["--submit-id", "\ud800"]], words=["train.sh"], data=b"")
def test_any_words(server: ScriptedServer, typed: list[list[str]], words: list[str], data: bytes) -> None:
    outcome(server, [*(word for option in typed for word in option), *words], data)


@fuzz
@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["#SBATCH ", "#KBATCH ", "#SBATCH", "# ", "#PBS ", "", "\t"]), options, texts
        ),
        max_size=5,
    ),
    name=st.sampled_from(["s.sh", "s.py", "s.R", "s", "s.ipynb"]),
)
def test_any_lines_of_a_script(
    server: ScriptedServer, lines: list[tuple[str, list[str], str]], name: str
) -> None:
    text = (
        "#!/bin/sh\n" + "".join(f"{mark}{' '.join(words)} {more}\n" for mark, words, more in lines) + "true\n"
    )
    if name.endswith(".ipynb"):
        cells = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": []}]
        text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    Path(name).write_bytes(text.encode("utf-8", "surrogateescape"))
    outcome(server, [name])


@fuzz
@given(
    name=st.sampled_from([option.variable for option in TABLE if option.variable]),
    text=texts,
    config=st.dictionaries(
        st.sampled_from([option.name for option in TABLE]),
        st.one_of(texts, st.booleans(), st.integers()),
        max_size=2,
    ),
)
def test_any_variable_and_config(
    server: ScriptedServer, name: str, text: str, config: dict[str, str | bool | int]
) -> None:
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in config.items()]
    Path("site.toml").write_bytes(("[options]\n" + "".join(lines)).encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, text)
        patch.setenv("KBATCH_SITE_CONFIG", "site.toml")
        outcome(server, ["train.sh"])


def test_the_server_accepts_what_is_right(server: ScriptedServer) -> None:
    """The checks above are worth nothing if every submit fails."""
    before = len(server.requests)
    assert submit("fit.py").code == 0
    # Beside it may stand what a thread of an earlier command, which had ended, still asked about the nodes.
    assert [method for method, _, _ in server.requests[before:] if method != "GET"] == ["POST"]
