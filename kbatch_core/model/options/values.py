"""What the values of single options mean, where that is more than text and has no module of its own."""

from __future__ import annotations

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.timelimit import parse_time_limit

MAX_NAME = 1024
"""Slurm's own limit for a job name."""
MAX_GPUS = 1024
MAX_TEXT = 4096

_TRUE = frozenset({"", "yes", "y", "true", "on"})
_FALSE = frozenset({"no", "n", "false", "off"})
_SMALL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_LETTERS = _SMALL | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_GRES_FORMS = "Write --gres=gpu:2 or --gres=gpu:a100:2."


class Gpus(msgspec.Struct, frozen=True):
    """How many GPUs, and of which type; an empty type is any."""

    count: int
    type: str = ""


class Gres(msgspec.Struct, frozen=True):
    """`--gres`: the GPUs in it, and the names of everything else."""

    gpus: Gpus | None
    others: tuple[str, ...] = ()


class Export(msgspec.Struct, frozen=True):
    """`--export`: the whole shell or not, names on top, and values set outright."""

    everything: bool = True
    names: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()


def parse_flag(text: str) -> bool:
    """A flag from a variable or a file: yes/no and its kind; a number is yes unless it is 0 (sbatch manual)."""
    value = text.strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    if value.isascii() and value.isdigit():
        return value.strip("0") != ""
    raise BadOption(f"{text!r} is neither yes nor no.", "Write yes or no.")


def parse_not_flag(text: str) -> bool:
    """`--no-requeue`: the opposite of the flag."""
    return not parse_flag(text)


def parse_text(text: str) -> str:
    """One line of text, not empty."""
    value = text.strip()
    if not value:
        raise BadOption("The value is empty.", "Leave the option out instead.")
    return _printable(value, MAX_TEXT)


def parse_partition(text: str) -> str:
    """The first of a comma list: which one would start earliest is not known beforehand."""
    return parse_text(text.partition(",")[0])


def parse_comment(text: str) -> str:
    """Any text, several lines too."""
    return _printable(text.replace("\n", " ").strip(), MAX_TEXT)


def parse_job_name(text: str) -> str:
    """A job's name; empty means the default."""
    return _printable(text.strip(), MAX_NAME)


def _printable(value: str, limit: int) -> str:
    if any(ord(char) < 32 or 0xD800 <= ord(char) < 0xE000 or ord(char) == 127 for char in value):
        raise BadOption(f"{value!r} holds a control character.", "Leave it out.")
    if len(value) > limit:
        raise BadOption(f"The value has {len(value)} characters, and {limit} are allowed.", "Write less.")
    return value


def parse_open_mode(text: str) -> str:
    """append or truncate, or their first letter, as in Slurm."""
    letter = text.strip()[:1].lower()
    if letter in ("a", "t"):
        return "append" if letter == "a" else "truncate"
    raise BadOption(f"{text!r} is not a way to open the output file.", "Write append or truncate.")


def parse_home(text: str) -> bool:
    """Whether the job has the notebook server's home: `none` is no, `server` is yes."""
    value = text.strip().lower()
    if value in ("none", "server"):
        return value == "server"
    raise BadOption(f"{text!r} is not a home.", "Write --home=none for a job without the home directory.")


def parse_dry_run(text: str) -> str:
    """The form that the Job is printed in: yaml or json; empty = none, from a variable or a config."""
    value = text.strip().lower()
    if value in ("yaml", "json"):
        return value
    if value == "server":
        raise BadOption("A dry run on the server is --test-only.", "Write --test-only.")
    try:
        return "yaml" if value == "client" or parse_flag(text) else ""
    except BadOption as error:
        raise BadOption(f"{text!r} is not a form to print.", "Write --dry-run or --dry-run=json.") from error


def parse_give_up_after(text: str) -> int:
    """Seconds; there is no "never" to ask for, because that is the default."""
    seconds = parse_time_limit(text)
    if seconds is None:
        raise BadOption("Giving up after 0 seconds starts nothing.", "Leave the option out to wait for ever.")
    return seconds


def parse_nodes(text: str) -> int:
    """`-N`: 1, also as Slurm's range `1-1`."""
    low, dash, high = text.strip().partition("-")
    for part in (low, high) if dash else (low,):
        _one(
            part,
            text,
            "A job runs on 1 node",
            "Split the work with --array, or start dask workers from the script.",
        )
    return 1


def parse_tasks(text: str) -> int:
    """`-n` and `--ntasks-per-...`: 1."""
    hint = "For the threads or processes of one program ask CPUs with -c; for independent tasks use --array."
    return _one(text.strip(), text, "A job is 1 task", hint)


def _one(part: str, text: str, sentence: str, hint: str) -> int:
    """The number 1; any other number would change what the job does."""
    if not _digits(part) or len(part) > 9:
        raise BadOption(f"{text!r} is not a number.", "Write 1, or leave the option out.")
    if int(part) != 1:
        raise BadOption(f"{sentence}, not {text.strip()}.", hint)
    return 1


def parse_gpus(text: str) -> Gpus:
    """`2`, `a100`, `a100:2`: a number, a type, or both (sbatch manual, --gpus)."""
    value = text.strip()
    if "," in value:
        raise BadOption(f"{text!r} asks for GPUs of several types.", "Ask for one type: --gpus=a100:2.")
    kind, number = ("", value) if _digits(value) else (value, "1")
    if ":" in value:
        kind, _, number = value.partition(":")
    if not _digits(number) or not (_digits(value) or _is_type(kind)):
        raise BadOption(f"{text!r} is not a number of GPUs.", "Write --gpus=2 or --gpus=a100:2.")
    if len(number) > 9 or int(number) > MAX_GPUS:
        raise BadOption(f"{text!r} is more GPUs than any node has.", "Write --gpus=2 or --gpus=a100:2.")
    return Gpus(int(number), kind)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_type(text: str) -> bool:
    plain = text.replace("-", "a").replace("_", "a").replace(".", "a")
    return text.isascii() and plain.isalnum() and text[0].isalnum()


def parse_gres(text: str) -> Gres:
    """`gpu:2`, `gpu:a100:1`, `gpu`, `none`, and other resources between commas (sbatch manual, --gres)."""
    gpus: Gpus | None = None
    others = []
    for part in text.split(","):
        # gpu:2(S:0-1) ties GPUs to sockets; which ones a job gets is the node's business here.
        item = part.strip().partition("(")[0].removeprefix("gres:").removeprefix("gres/")
        if not item:
            raise BadOption(f"{text!r} is not a list of resources.", _GRES_FORMS)
        name, _, rest = item.partition(":")
        if name.lower() == "none":
            continue
        if name.lower() != "gpu":
            others.append(name)
            continue
        if gpus is not None:
            raise BadOption(f"{text!r} asks for GPUs twice.", _GRES_FORMS)
        gpus = parse_gpus(rest or "1")
    return Gres(gpus, tuple(others))


def parse_parameter(text: str) -> tuple[str, str]:
    """NAME=VALUE of a notebook's parameter."""
    return _assignment(text, "Write -P NAME=VALUE.")


def parse_env(text: str) -> tuple[str, str]:
    """NAME=VALUE, where NAME is not one that kbatch sets itself."""
    name, value = _assignment(text, "Write --env NAME=VALUE; --export NAME takes your own.")
    if name.startswith("KBATCH_"):
        raise BadOption(f"{name} is set by kbatch itself.", "Choose a name that does not begin with KBATCH_.")
    if "\0" in value:
        raise BadOption(f"The value of {name} holds a NUL byte.", "Leave it out.")
    return name, value


def _assignment(text: str, hint: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadOption(f"{text!r} is not NAME=VALUE.", hint)
    return variable_name(name), value


def parse_image(text: str) -> str:
    """A container image: [HOST[:PORT]/]PATH[:TAG][@DIGEST], as the kubelet reads it (distribution's reference).

    A name that it cannot read is no error to the API server: the job would wait for ever (InvalidImageName).
    """
    value = parse_text(text)
    name, at, digest = value.partition("@")
    host, slash, path = name.partition("/")
    if not (slash and (set(host) & set(".:") or host == "localhost")):
        host, path = "", name
    path, colon, tag = path.partition(":")
    parts = path.split("/")
    if (
        not all(part.strip("._-") == part != "" and set(part) <= _SMALL for part in parts)
        or not set(host) <= _LETTERS | set(":[]")
        or (colon and (not set(tag) <= _LETTERS or tag[:1] in (".", "-", "") or len(tag) > 128))
        or (at and not _is_digest(digest))
    ):
        raise BadOption(
            f"{text!r} is not the name of an image.",
            "Write it as in quay.io/jupyter/scipy-notebook:2026-01; small letters before the tag.",
        )
    return value


def _is_digest(text: str) -> bool:
    """`sha256:` and so on with at least 32 hexadecimal digits."""
    kind, _, digits = text.partition(":")
    return kind != "" and len(digits) >= 32 and set(digits) <= set("0123456789abcdefABCDEF")


def variable_name(text: str) -> str:
    """The name of an environment variable, as POSIX has it."""
    name = text.strip()
    if name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit():
        return name
    raise BadOption(f"{text!r} is not the name of a variable.", "Use letters, digits and _.")


def parse_export(text: str) -> Export:
    """ALL, NONE, NIL, names and NAME=value between commas (sbatch manual, --export)."""
    value = text.strip()
    if value.upper() in ("NONE", "NIL"):
        return Export(everything=False)
    everything = False
    names: list[str] = []
    values: dict[str, str] = {}
    for part in _commas(value):
        if part.upper() == "ALL":
            everything = True
        elif part.upper() in ("NONE", "NIL"):
            raise BadOption(f"{part} in --export {text!r} goes with nothing else.", "Write it alone.")
        elif "=" in part:
            name, content = parse_env(part)
            values[name] = content
        else:
            names.append(variable_name(part))
    if not (everything or names or values):
        raise BadOption("--export is empty.", "Write ALL, NONE or names of variables.")
    return Export(everything, tuple(dict.fromkeys(names)), tuple(values.items()))


def _commas(text: str) -> list[str]:
    """The parts between commas; quotes keep a comma, as in NAME="a,b", and are left out."""
    parts, quote, current = [], "", ""
    for char in text:
        if quote:
            if char == quote:
                quote = ""
            else:
                current += char
        elif char in "\"'":
            quote = char
        elif char == ",":
            parts.append(current)
            current = ""
        else:
            current += char
    return [part.strip() for part in (*parts, current) if part.strip()]


def parse_requeue(text: str) -> bool:
    """`--requeue`, also with Slurm's `=expedite`, which is about priorities."""
    return True if text.strip().lower() == "expedite" else parse_flag(text)


def parse_command(text: str) -> str:
    """The command line of `--wrap`."""
    if not text.strip():
        raise BadOption("--wrap is empty.", "Write the command line to run.")
    return text
