"""`python -m tests.dashboard.demo`: kqueue as it is, with the scripted jobs in place of a cluster."""

from __future__ import annotations

from kqueue_tui.cli import kqueue
from kqueue_tui.dashboard import launch
from tests.dashboard.demo.backend import demo_backend


def main() -> None:
    launch.cluster = lambda options: demo_backend
    kqueue.main()


if __name__ == "__main__":
    main()
