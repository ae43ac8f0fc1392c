"""The option table: complete, without doubles, and found by the names that sbatch accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model.jobspec import JobSpec
from kbatch_core.model.options.option import Option
from kbatch_core.model.options.table import BY_NAME, BY_SHORT, TABLE, find_long, find_short
from tests.model.fuzz import fuzz, near, value_or_bad_option

# Every long option of sbatch 26.11 but --help, --usage and --version (sbatch manual).
NAMES = """
account acctg-freq array batch bb bbf begin chdir cluster-constraint clusters comment consolidate-segments
constraint container container-id contiguous core-spec cores-per-socket cpu-freq cpus-per-gpu cpus-per-task
deadline delay-boot dependency distribution error exclude exclusive export export-file extra extra-node-info
get-user-env gid gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags hint hold
ignore-pbs input job-name kill-on-invalid-dep licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu
mem-per-gpu mem-update mincpus network nice no-kill no-requeue nodefile nodelist nodes ntasks ntasks-per-core
ntasks-per-gpu ntasks-per-node ntasks-per-socket oom-kill-step open-mode output overcommit oversubscribe parsable
partition prefer priority profile propagate qos quiet reboot requeue reservation resources resv-ports runtime
segment signal sockets-per-node spread-job spread-segments stepmgr switches test-only thread-spec threads-per-core
time time-min tmp tres-bind tres-per-task uid use-min-nodes verbose wait wait-all-nodes wckey wrap
"""

SHORT = {
    "A": "account", "a": "array", "b": "begin", "D": "chdir", "M": "clusters", "C": "constraint", "S": "core-spec",
    "c": "cpus-per-task", "d": "dependency", "m": "distribution", "e": "error", "x": "exclude",
    "B": "extra-node-info", "G": "gpus", "H": "hold", "i": "input", "J": "job-name", "L": "licenses",
    "k": "no-kill", "F": "nodefile", "w": "nodelist", "N": "nodes", "n": "ntasks", "o": "output",
    "O": "overcommit", "s": "oversubscribe", "p": "partition", "q": "qos", "Q": "quiet", "t": "time",
    "v": "verbose", "W": "wait",
}  # fmt: skip


def test_every_option_of_sbatch_is_there() -> None:
    assert {option.name for option in TABLE if option.from_sbatch} == set(NAMES.split())


def test_short_names_are_those_of_sbatch() -> None:
    assert {key: option.name for key, option in BY_SHORT.items() if option.from_sbatch} == SHORT


def test_nothing_is_there_twice() -> None:
    spellings = [spelling for option in TABLE for spelling in option.spellings]
    assert len(spellings) == len(set(spellings))
    variables = [option.variable for option in TABLE if option.variable]
    assert len(variables) == len(set(variables))


@pytest.mark.parametrize("option", TABLE, ids=lambda option: option.name)
def test_every_row_says_what_a_reader_needs(option: Option) -> None:
    assert option.help.endswith(".")
    assert not option.field or option.field in JobSpec.__struct_fields__
    if option.kind != "optional":
        assert bool(option.metavar) == (option.kind == "value" and option.settable)
    if option.category in ("adapted", "ignored", "refused"):
        assert option.here
    assert bool(option.hint) == (option.category == "refused")
    assert option.category == "refused" or not option.here or option.here.endswith(".")


@pytest.mark.parametrize(
    ("written", "name"),
    [("job-name", "job-name"), ("job", "job-name"), ("part", "partition"), ("tasks-per-node", "ntasks-per-node"),
     ("time", "time"), ("mem", "mem"), ("gpus", "gpus"), ("image", "image"), ("out", "output")],
)  # fmt: skip
def test_a_beginning_is_enough(written: str, name: str) -> None:
    assert find_long(written).name == name


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("jobname", "--job-name"),
        ("job_name", "--job-name"),
        ("cpu-per-task", "--cpus-per-task"),
        ("walltime", "--time"),
        ("OUTPUT", "--output"),
        ("imag", "--image"),
    ],
)
def test_the_nearest_spelling(written: str, hint: str) -> None:
    with pytest.raises(BadOption) as caught:
        find_long(written)
    assert hint in caught.value.hint


@pytest.mark.parametrize("written", ["cpus", "gpu", "ntasks-per", "mem-per"])
def test_a_beginning_of_several(written: str) -> None:
    with pytest.raises(BadOption, match="may mean"):
        find_long(written)


def test_kbatch_s_own_options_are_not_sbatch_s() -> None:
    with pytest.raises(BadOption) as caught:
        find_long("image", own=False)
    assert "#KBATCH --image" in caught.value.hint
    with pytest.raises(BadOption):
        find_short("f", own=False)


@fuzz
@given(near("abcdegijklmnoprstu-_="))
def test_any_name_is_found_or_refused(text: str) -> None:
    for own in (True, False):
        value_or_bad_option(lambda name, own=own: find_long(name, own=own), text)  # type: ignore[misc]


@fuzz
@given(
    st.sampled_from([option for option in BY_NAME.values() if option.settable]), near("ab01,:=@%-.AGM\"' \\")
)
def test_any_value_of_any_option_is_read_or_refused(option: Option, text: str) -> None:
    value_or_bad_option(option.parse, text)
