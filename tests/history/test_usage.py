"""usage.csv to samples: cores from the counted seconds, restarts, a clock that jumps, lines that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.history import ProgressFiles, Sample, downsample, parse_usage
from kbatch_core.history.usage import mean_gpu
from tests.history.home import started, submitted
from tests.status.objects import ID, NOW

HEADER = b"time,cpu_usec,memory_bytes,gpu_percent,gpu_memory_mib\n"


def test_cores_are_the_seconds_counted_between_two_lines() -> None:
    samples = parse_usage(HEADER + b"110,5000000,1000\n120,25000000,3000\n140,35000000,2000\n", 100)
    assert samples == [
        Sample(10, 10, 0.5, 1000),
        Sample(20, 10, 2.0, 3000),
        Sample(40, 20, 0.5, 2000),
    ]


def test_without_a_start_the_first_line_is_the_beginning() -> None:
    assert parse_usage(b"100,7000000,1\n110,17000000,2\n") == [Sample(0, 0, 0, 1), Sample(10, 10, 1, 2)]


def test_a_gpu_is_there_or_not() -> None:
    samples = parse_usage(b"110,1,1,50, 4096,\n120,2,1,,\n130,3,1,80.5\n140,4,1,[N/A], 8,\n150,5,1,", 100)
    mib = 1 << 20
    seen = [(one.gpu, one.gpu_memory) for one in samples]
    assert seen == [(50, 4096 * mib), (None, None), (80.5, None), (None, 8 * mib), (None, None)]
    assert mean_gpu(samples) == pytest.approx(65.25)
    assert mean_gpu(parse_usage(b"110,1000000,1\n", 100)) is None


def test_several_gpus_are_one_mean_and_one_sum() -> None:
    (sample,) = parse_usage(b"110,1,1,50, 1000,100, 2000,[N/A], [N/A],0, 5,\n", 100)
    assert (sample.gpu, sample.gpu_memory) == (50, 3005 << 20)


def test_only_the_last_start_counts() -> None:
    lines = b"110,5000000,1\n120,9000000,1\n" + HEADER + b"210,2000000,7\n220,4000000,7\n"
    assert [one.seconds for one in parse_usage(lines, 200)] == [10, 20]
    assert [one.seconds for one in parse_usage(lines)] == [0, 10], "told by the count that began anew"


def test_a_clock_that_is_set_back_costs_its_samples_only() -> None:
    samples = parse_usage(b"110,5000000,1\n90,6000000,1\n105,7000000,1\n120,15000000,1\n", 100)
    assert [(one.seconds, one.cores) for one in samples] == [(10, 0.5), (20, 1.0)]


@pytest.mark.parametrize(
    "line",
    [b"", b"x,y,z", b"1,2", b"nan,1,1", b"120,inf,1", b"120,1,-5", b"120,1," + b"9" * 300,
     b"120,1e999,1", b"\xff\xfe,1,1", b"120,,1", b"120;1;1"],
)  # fmt: skip
def test_a_line_that_is_no_sample_is_left_out(line: bytes) -> None:
    assert [one.seconds for one in parse_usage(b"110,5000000,1\n" + line + b"\n130,6000000,1", 100)] == [
        10,
        30,
    ]


@given(st.binary(max_size=300), st.none() | st.floats(0, 1e11))
def test_any_bytes_are_survived(data: bytes, start: float | None) -> None:
    for sample in parse_usage(data, start):
        assert sample.span >= 0
        assert sample.cores >= 0


LONG = parse_usage(
    b"".join(b"%d,%d,%d\n" % (100 + 10 * n, n * n * 1_000_000, n % 97) for n in range(1000)), 90
)


@given(st.integers(0, 1200))
def test_downsampling_keeps_the_sum_and_the_peak(points: int) -> None:
    few = downsample(LONG, points)
    assert len(few) <= points
    if points:
        assert sum(one.cores * one.span for one in few) == pytest.approx(999 * 999)
        assert max(one.memory for one in few) == 96
        assert few[-1].seconds == LONG[-1].seconds


def test_usage_is_found_by_job_and_task(tmp_path: Path) -> None:
    history = submitted(tmp_path, array="3-4")
    started(tmp_path, task=3)
    folder = tmp_path / ".kbatch" / ID
    begin = int(NOW - 500)
    (folder / "usage-3.csv").write_bytes(HEADER + b"%d,5000000,1\n" % (begin + 10))
    assert history.usage(ID, 3) == [Sample(10, 10, 0.5, 1)]
    assert history.usage(ID, 4) == history.usage(ID) == history.usage("..") == []


def test_of_a_file_that_is_too_long_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kbatch_core.history.folder.USAGE_LIMIT", 64)
    history = submitted(tmp_path)
    path = tmp_path / ".kbatch" / ID / "usage.csv"
    path.write_bytes(b"".join(b"%d,%d,7\n" % (1000 + n, n * 1_000_000) for n in range(100)))
    assert [(one.seconds, one.cores) for one in history.usage(ID)] == [(0, 0), *((n, 1) for n in range(1, 3))]


def test_progress_is_found_by_job_and_task(tmp_path: Path) -> None:
    history = submitted(tmp_path, array="3-4")
    folder = tmp_path / ".kbatch" / ID
    (folder / "progress-3").write_text("7/30 fitting\n")
    (folder / "progress").symlink_to("/etc/hostname")
    assert history.progress(ID, 3) == ProgressFiles(history).get((ID, 3)) == "7/30 fitting"
    assert history.progress(ID, 4) == history.progress(ID) == history.progress("..") == ""
