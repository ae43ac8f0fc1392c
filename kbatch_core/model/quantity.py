"""Amounts of memory and processors: Slurm's way of writing them, Kubernetes' way, and between the two.

Memory is in bytes and processors in millicores everywhere in kbatch. Slurm (sbatch manual, --mem): a number in
MiB, or with K, M, G, T meaning powers of 1024. Kubernetes (apimachinery, resource.Quantity): a decimal number
with a decimal suffix, a binary suffix or an exponent.
"""

from __future__ import annotations

import math
from decimal import Decimal

from kbatch_core.errors import BadOption, WholeNode

KIB, MIB, GIB, TIB = (1 << shift for shift in (10, 20, 30, 40))
MAX_MEMORY = 1 << 50
MAX_CPUS = 1_000_000
"""In cores; nothing this large exists, so it is a slip of the hand."""

_MEMORY_UNITS = {"": MIB, "k": KIB, "m": MIB, "g": GIB, "t": TIB}

_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9),
    "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30),
    "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip


def parse_memory(text: str) -> int:
    """Bytes of a `--mem` value: `4000` (MiB), `4G`, `4Gi`, `4GB`, `1.5G` are all powers of 1024. Raises BadOption."""
    value = text.strip().lower()
    body = value.rstrip("kmgtib ")
    suffix = value[len(body) :].strip()
    unit = suffix[:1]
    number = _decimal(body)
    if number is None or unit not in _MEMORY_UNITS or suffix[1:] not in ("", "b", "i", "ib"):
        raise BadOption(f"{text!r} is not an amount of memory.", "Write a number of MiB, or 512M, 4G, 1.5G.")
    if not number:
        raise WholeNode(
            "Memory 0 means a whole node in Slurm, and a job here shares its node.",
            "Say how much it needs: 4G.",
        )
    amount = number * _MEMORY_UNITS[unit]
    if amount > MAX_MEMORY:
        raise BadOption(f"{text!r} is more memory than any node has.", "A number without a unit is in MiB.")
    if amount < 1:
        raise BadOption(f"{text!r} is less than a byte of memory.", "Write 512M or 4G.")
    return int(amount)


def format_memory(amount: int) -> str:
    """Bytes as a short text: exact (`4G`, `512M`) when that is short, else one decimal (`3.1G`)."""
    units = ((TIB, "T"), (GIB, "G"), (MIB, "M"), (KIB, "K"))
    for size, letter in units:
        if amount and amount % size == 0 and amount // size < 100_000:
            return f"{amount // size}{letter}"
    if amount <= 0:
        return "0"
    for size, letter in units:
        if amount * 20 >= size * 19:
            return f"{amount / size:.1f}{letter}"
    return f"{max(amount / KIB, 0.1):.1f}K"


def parse_cpus(text: str) -> int:
    """Millicores of a `-c` value: `4`, `0.5`, `500m`. Raises BadOption."""
    value = text.strip()
    number = _decimal(value.removesuffix("m"))
    if number is None:
        raise BadOption(f"{text!r} is not a number of CPUs.", "Write 4, 0.5 or 500m.")
    millicores = number if value.endswith("m") else number * 1000
    if millicores != int(millicores):
        raise BadOption(f"{text!r} is finer than a thousandth of a CPU.", "Write 4, 0.5 or 500m.")
    if not millicores:
        raise BadOption("A job cannot have 0 CPUs.", "Leave the option out for the default, or write 1.")
    if millicores > MAX_CPUS * 1000:
        raise BadOption(f"{text!r} is more CPUs than any node has.", "Write 4, 0.5 or 500m.")
    return int(millicores)


def format_cpus(millicores: int) -> str:
    """Millicores as people write them: `4`, `0.5`, `0.001`."""
    whole, rest = divmod(millicores, 1000)
    return f"{whole}.{rest:03}".rstrip("0") if rest else str(whole)


def to_quantity_cpus(millicores: int) -> str:
    """Millicores as a Kubernetes quantity in its canonical form: `4`, `500m`."""
    return f"{millicores}m" if millicores % 1000 else str(millicores // 1000)


def to_quantity_memory(amount: int) -> str:
    """Bytes as the shortest exact Kubernetes quantity: `4Gi`, `4G`, `1537`."""
    best = str(amount)
    for base, suffixes in (
        (1024, ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")),
        (1000, ("k", "M", "G", "T", "P", "E")),
    ):
        number = amount
        for suffix in suffixes:
            number, rest = divmod(number, base)
            if rest or not number:
                break
            if len(f"{number}{suffix}") < len(best):
                best = f"{number}{suffix}"
    return best


def parse_quantity(text: str) -> Decimal:
    """The exact value of any Kubernetes quantity: `500m`, `4Gi`, `1e3`, `-2`. Raises BadOption."""
    body = text.lstrip("+-")
    sign = text[: len(text) - len(body)]
    digits = body.rstrip("numkKMGTPEi")
    scale = _SUFFIXES.get(body[len(digits) :])
    exponent = 0
    for mark in "eE":
        if mark in digits:
            digits, _, power = digits.partition(mark)
            unsigned = power.removeprefix("-") if power.startswith("-") else power.removeprefix("+")
            if not (unsigned.isascii() and unsigned.isdigit() and len(unsigned) <= 2) or scale != 1:
                scale = None
            else:
                exponent = int(power)
            break
    number = _decimal(digits)
    if number is None or scale is None or len(sign) > 1:
        raise BadOption(f"{text!r} is not a Kubernetes quantity.", "Write 2, 500m, 4Gi or 1e3.")
    result = number.scaleb(exponent) * scale
    return -result if sign == "-" else result


def _decimal(text: str) -> Decimal | None:
    """A plain decimal number without sign or exponent, of at most 20 characters; None for anything else."""
    plain = text.replace(".", "", 1)
    if not (plain.isascii() and plain.isdigit()) or len(text) > 20:
        return None
    return Decimal(text)


def round_up_memory(amount: float) -> int:
    """An amount of memory that people would type, not below `amount`: 64M steps, from 1G on 256M, from 4G on 1G."""
    step = GIB if amount > 4 * GIB else 256 * MIB if amount > GIB else 64 * MIB
    return max(math.ceil(amount / step), 1) * step
