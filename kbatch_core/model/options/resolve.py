"""One answer out of many sources: command line > KBATCH_* variables > directives > user's config > site's config.

Pure: the caller brings what was typed, the environment, the script's text and the configs. Only the value that
wins is read; a refused option is refused wherever it stands, because leaving it out would change the job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.options.config import Config
from kbatch_core.model.options.directives import Directives
from kbatch_core.model.options.option import Given, Option
from kbatch_core.model.options.table import BY_NAME, TABLE
from kbatch_core.model.options.values import Gres

COMMAND_LINE = "command line"

# What a job exports under a name that is also an option's: inside a job these say what that job has.
EXPORTED = frozenset({"KBATCH_JOB_NAME", "KBATCH_CPUS_PER_TASK", "KBATCH_GPUS", "KBATCH_NTASKS"})
INSIDE = "KBATCH_JOB_ID"

# Options that say the same thing in several ways. The highest source that has one of them decides alone.
_ONE_OF = (
    ("mem", "mem-per-cpu", "mem-per-gpu"),
    ("cpus-per-task", "cpus-per-gpu"),
    ("gpus", "gpus-per-node", "gpus-per-task", "gres"),
    ("requeue", "no-requeue"),
    ("array", "map-file"),
)
# In these several may stand in one source, if they agree: a job has one node and one task.
_MAY_REPEAT = frozenset({"gpus"})

_NO_DIRECTIVES = Directives()
_NO_CONFIG = Config()

Typed = Mapping[str, str | bool | Sequence[str] | None]
"""Option names, with `-` or `_`, to what was typed: text, True for a flag, several texts; None, False: not given."""


class Value(msgspec.Struct, frozen=True):
    """The value of one option that wins: `text` as written, `value` as read, `source` for people."""

    option: Option
    text: str
    value: object
    source: str
    rank: int
    """0 = command line; a smaller one wins."""


class Ignored(msgspec.Struct, frozen=True):
    """An option without effect here: how it was written, where first, and why."""

    flag: str
    source: str
    why: str


class Resolved(msgspec.Struct, frozen=True):
    """The options that are set, those without effect, and sentences for the user. `config` has the names."""

    values: dict[str, tuple[Value, ...]]
    ignored: tuple[Ignored, ...] = ()
    notes: tuple[str, ...] = ()
    config: Config = Config()

    def get(self, name: str) -> object:
        """The value of the option called `name`; None when it is not set."""
        found = self.values.get(name)
        return found[-1].value if found else None

    def all(self, name: str) -> list[object]:
        """Every value of an option that may be repeated, the weakest source first."""
        return [value.value for value in self.values.get(name, ())]

    def rows(self) -> list[tuple[str, str, str]]:
        """(flag, value as written, source) of what is set, in the order of the table: for --show-options."""
        return [
            (option.flag, value.text, value.source)
            for option in TABLE
            for value in self.values.get(option.name, ())
        ]

    def ignored_sentence(self) -> str:
        """One sentence that names every ignored option; empty when there is none."""
        if not self.ignored:
            return ""
        return f"Ignored: {', '.join(dict.fromkeys(item.flag for item in self.ignored))}."


def resolve(
    typed: Typed,
    *,
    environ: Mapping[str, str],
    directives: Directives = _NO_DIRECTIVES,
    user: Config = _NO_CONFIG,
    site: Config = _NO_CONFIG,
) -> Resolved:
    """Join the sources. Raises BadOption, also for what is ignored when `--strict` is set."""
    sources: list[tuple[Given, ...]] = [
        tuple(_typed(typed)),
        tuple(_environment(environ)),
        directives.kbatch,
        directives.sbatch,
        user.options,
        site.options,
    ]
    for given in (given for source in sources for given in source):
        if given.option.category == "refused":
            raise _at(given, BadOption(f"is not possible here: {given.option.here}.", given.option.hint))
    values = _settle(_winners(sources))
    ignored = {
        given.option.name: Ignored(given.option.flag, given.where or COMMAND_LINE, given.option.here)
        for source in reversed(sources)
        for given in reversed(source)
        if given.option.category == "ignored"
    }
    for value in values.get("gres", ()):
        if isinstance(value.value, Gres):
            ignored |= {
                f"gres={name}": Ignored(f"--gres={name}", value.source, "Only GPUs can be asked for.")
                for name in value.value.others
            }
    notes = (*directives.notes, *_unexpanded(values), *_one_partition(values))
    order = {name: place for place, name in enumerate(BY_NAME)}
    found = tuple(ignored[name] for name in sorted(ignored, key=lambda name: order.get(name, -1)))
    resolved = Resolved(values, found, notes, user.over(site))
    if found and resolved.get("strict"):
        raise BadOption(
            f"--strict: {', '.join(item.flag for item in found)} would be ignored.",
            "Take that out, or --strict.",
        )
    return resolved


def without_job_options(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without the variables that say how a job is; those that say what kbatch prints stay."""
    about_jobs = {option.variable for option in TABLE if option.field or option.kind == "value"}
    return {name: value for name, value in environ.items() if name not in about_jobs}


def _typed(typed: Typed) -> Iterable[Given]:
    for key, what in typed.items():
        option = BY_NAME.get(key) or BY_NAME[key.replace("_", "-")]
        if what is None or what is False:
            continue
        if what is True:
            yield Given(option, "")
        elif isinstance(what, str):
            yield Given(option, what)
        else:
            yield from (Given(option, text) for text in what)


def _environment(environ: Mapping[str, str]) -> Iterable[Given]:
    inside = INSIDE in environ
    for option in TABLE:
        name = option.variable
        if name and name in environ and not (inside and name in EXPORTED):
            text = environ[name]
            # An empty variable switches a flag on, as in sbatch; of any other option it says nothing.
            if text or option.kind != "value":
                yield Given(option, text, name)


def _winners(sources: list[tuple[Given, ...]]) -> dict[str, tuple[Value, ...]]:
    """The highest source's value of each option, the last in it; every one of those that may be repeated."""
    chosen: dict[str, list[tuple[int, Given]]] = {}
    for rank, source in reversed(list(enumerate(sources))):
        for given in source:
            if not given.option.settable:
                continue
            if not given.option.multiple:
                chosen[given.option.name] = []
            chosen.setdefault(given.option.name, []).append((rank, given))
    return {name: tuple(_read(given, rank) for rank, given in found) for name, found in chosen.items()}


def _read(given: Given, rank: int) -> Value:
    try:
        value = given.option.parse(given.text)
    except BadOption as error:
        raise _at(given, error) from error
    text = given.text or ("yes" if given.option.kind != "value" else "")
    return Value(given.option, text, value, given.where or COMMAND_LINE, rank)


def _at(given: Given, error: BadOption) -> BadOption:
    """The error with the option's name, and the place where it was written."""
    flag = given.option.flag
    sentence = error.sentence
    if sentence.startswith("is "):
        sentence = f"{flag} {sentence}"
    elif flag not in sentence:
        sentence = f"{flag}: {sentence}"
    return type(error)(sentence, error.hint, given.where)


def _settle(values: dict[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
    """Keep one of the options that say the same thing. Raises BadOption when one source has two of them."""
    kept = dict(values)
    for names in _ONE_OF:
        found = [kept[name][-1] for name in names if name in kept and not _no_gpu(kept[name][-1])]
        if len(found) < 2:
            continue
        best = min(value.rank for value in found)
        winners = [value for value in found if value.rank == best]
        if len(winners) > 1 and names[0] not in _MAY_REPEAT:
            flags = " and ".join(value.option.flag for value in winners)
            raise BadOption(f"{flags} exclude each other.", "Keep one of them.", _place(winners[-1]))
        for value in found:
            if value.rank != best:
                del kept[value.option.name]
    return kept


def _no_gpu(value: Value) -> bool:
    return isinstance(value.value, Gres) and value.value.gpus is None


def _place(value: Value) -> str:
    return "" if value.rank == 0 else value.source


def _unexpanded(values: Mapping[str, tuple[Value, ...]]) -> Iterable[str]:
    """What a shell would have replaced on the command line, and nobody does in a file."""
    for name in ("output", "error", "chdir"):
        for value in values.get(name, ()):
            if value.rank > 1 and (value.text.startswith("~") or "$" in value.text):
                yield f"{value.source}: {value.option.flag} {value.text}: ~ and $ are not replaced, as in Slurm"


def _one_partition(values: Mapping[str, tuple[Value, ...]]) -> Iterable[str]:
    for value in values.get("partition", ()):
        if "," in value.text:
            first = value.text.partition(",")[0]
            yield f"{value.source}: of the partitions {value.text} the first is used, {first}"
