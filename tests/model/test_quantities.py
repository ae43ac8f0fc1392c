"""--mem, -c and Kubernetes quantities."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadOption
from kbatch_core.model import quantity
from kbatch_core.model.quantity import (
    GIB,
    KIB,
    MIB,
    TIB,
    format_cpus,
    format_memory,
    parse_cpus,
    parse_memory,
    parse_quantity,
    to_quantity_cpus,
    to_quantity_memory,
)
from tests.model.fuzz import fuzz, near, value_or_bad_option


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("4000", 4000 * MIB),
        ("4000M", 4000 * MIB),
        ("4000MB", 4000 * MIB),
        ("4G", 4 * GIB),
        ("4g", 4 * GIB),
        ("4GB", 4 * GIB),
        ("4Gi", 4 * GIB),
        ("4GiB", 4 * GIB),
        ("4 GB", 4 * GIB),
        ("1T", TIB),
        ("2048K", 2 * MIB),
        ("1.5G", 1536 * MIB),
        ("0.5G", 512 * MIB),
        (" 8G ", 8 * GIB),
    ],
)
def test_memory(text: str, amount: int) -> None:
    assert parse_memory(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", "G", "-4G", "+4G", "4X", "4GG", "4iG", "4e3", "1,5G", "4G 2", ".", "1..5G", "4B", "٤G",
     "1025T", "0.00001K", "=4G"],
)  # fmt: skip
def test_memory_refused(text: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse_memory(text)
    assert repr(text) in caught.value.sentence


@pytest.mark.parametrize("text", ["0", "0G", "0.0"])
def test_memory_0_is_a_whole_node_in_slurm(text: str) -> None:
    with pytest.raises(BadOption, match="whole node"):
        parse_memory(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (4 * GIB, "4G"),
        (512 * MIB, "512M"),
        (10_000 * MIB, "10000M"),
        (2 * TIB, "2T"),
        (1000, "1.0K"),
        (3_328_599_654, "3.1G"),
        (4 * GIB - 1, "4.0G"),
        (GIB - 1, "1.0G"),
        (0, "0"),
        (-1, "0"),
        (1, "0.1K"),
    ],
)
def test_memory_for_people(amount: int, text: str) -> None:
    assert format_memory(amount) == text


@pytest.mark.parametrize(
    ("text", "millicores"),
    [("1", 1000), ("4", 4000), ("0.5", 500), ("500m", 500), ("1500m", 1500), ("0.001", 1),
     (" 2 ", 2000), ("128", 128_000)],
)  # fmt: skip
def test_cpus(text: str, millicores: int) -> None:
    assert parse_cpus(text) == millicores


@pytest.mark.parametrize(
    "text", ["", "0", "0m", "m", "-1", "0.0001", "0.5m", "1e3", "4 cores", "2k", "1000001", "=4"]
)
def test_cpus_refused(text: str) -> None:
    with pytest.raises(BadOption):
        parse_cpus(text)


# The table of resource.Quantity's own documentation, and what nodes and metrics report.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("2", "2"),
        ("500m", "0.5"),
        ("4Gi", str(4 * GIB)),
        ("128974848", "128974848"),
        ("129e6", "129000000"),
        ("129M", "129000000"),
        ("123Mi", str(123 * MIB)),
        ("1E", "1000000000000000000"),
        ("1Ei", str(1 << 60)),
        ("1E3", "1000"),
        ("12e-1", "1.2"),
        ("1e+3", "1000"),
        ("250u", "0.00025"),
        ("7n", "0.000000007"),
        ("-1.5k", "-1500"),
        ("+1", "1"),
        ("1.5Gi", str(1536 * MIB)),
        (".5", "0.5"),
        ("5.", "5"),
        ("64869560Ki", str(64869560 * KIB)),
    ],
)
def test_kubernetes_quantities(text: str, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "Gi",
        "1K",
        "1ki",
        "1.2.3",
        "1e",
        "1e3m",
        "1Mi2",
        "--1",
        "1e999",
        "NaN",
        "Infinity",
        "1_000",
        "1e++3",
    ],
)
def test_no_quantities(text: str) -> None:
    with pytest.raises(BadOption):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (1537, "1537"),
        (4 * GIB, "4Gi"),
        (1536 * MIB, "1536Mi"),
        (4 * 10**9, "4G"),
        (1000, "1k"),
        (1024, "1Ki"),
        (1024000, "1024k"),
        (10**6 * GIB, "1000000Gi"),
    ],
)
def test_memory_for_kubernetes(amount: int, text: str) -> None:
    assert to_quantity_memory(amount) == text


@fuzz
@given(st.integers(1, quantity.MAX_MEMORY))
def test_memory_reaches_kubernetes_exactly(amount: int) -> None:
    assert parse_quantity(to_quantity_memory(amount)) == amount


@fuzz
@given(st.sampled_from([KIB, MIB, GIB, TIB]), st.integers(1, 1024))
def test_short_memory_is_read_back(unit: int, number: int) -> None:
    assert parse_memory(format_memory(unit * number)) == unit * number


@fuzz
@given(st.integers(1, quantity.MAX_CPUS * 1000))
def test_cpus_are_read_back_from_both_forms(millicores: int) -> None:
    assert parse_cpus(format_cpus(millicores)) == millicores
    assert parse_quantity(to_quantity_cpus(millicores)) * 1000 == millicores


@fuzz
@given(near("0123456789.kKmMgGtTiIbB "))
def test_any_text_is_memory_or_refused(text: str) -> None:
    value = value_or_bad_option(parse_memory, text)
    assert value is None or (isinstance(value, int) and 0 < value <= quantity.MAX_MEMORY)


@fuzz
@given(near("0123456789.m "))
def test_any_text_is_cpus_or_refused(text: str) -> None:
    value = value_or_bad_option(parse_cpus, text)
    assert value is None or (isinstance(value, int) and value > 0)


@fuzz
@given(near("0123456789.+-eEinumkKMGTP"))
def test_any_text_is_a_quantity_or_refused(text: str) -> None:
    value = value_or_bad_option(parse_quantity, text)
    assert value is None or (isinstance(value, Decimal) and value.is_finite())
