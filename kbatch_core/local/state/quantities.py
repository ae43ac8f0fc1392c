"""Quantities as the API server writes them: canonical form, and sums for quotas (pure).

Source: resource.Quantity of apimachinery. Parsing is that of kbatch_core.model.quantity.
"""

from __future__ import annotations

import re
from decimal import Decimal

from kbatch_core.errors import BadOption
from kbatch_core.model.quantity import parse_quantity

_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_EXPONENT = re.compile(r"[eE][+-]?\d+$")


def canonical(text: str) -> str:
    """The same amount, in the same kind of suffix, with no fraction and the largest suffix that allows it."""
    return write(parse_quantity(text), binary=text.endswith("i"), exponent=bool(_EXPONENT.search(text)))


def write(amount: Decimal, *, binary: bool = False, exponent: bool = False) -> str:
    """An amount as a quantity. A fraction finer than a billionth is rounded up."""
    if amount == 0:
        return "0"
    if binary and amount == int(amount) and abs(amount) >= 1024:
        number, power = int(amount), 0
        while number % 1024 == 0 and power < len(_BINARY) - 1:
            number, power = number // 1024, power + 1
        return f"{number}{_BINARY[power]}"
    billionths = int((amount * 10**9).to_integral_value(rounding="ROUND_UP"))
    power = -9
    while billionths % 1000 == 0 and power < 18:
        billionths, power = billionths // 1000, power + 3
    if exponent:
        return f"{billionths}e{power}" if power else str(billionths)
    return f"{billionths}{_DECIMAL[power]}"


def amount_of(text: object) -> float:
    """A quantity in base units; 0 for what is none."""
    try:
        return float(parse_quantity(str(text)))
    except (BadOption, ValueError):
        return 0.0
