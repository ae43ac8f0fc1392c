"""What runs in the pod, shipped as data: the supervisor."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources


def supervisor_source() -> str:
    """The supervisor with its comments, for people."""
    return resources.files(__name__).joinpath("supervisor.sh").read_text()


@cache
def supervisor_program() -> str:
    """The supervisor as it travels in each Job, of which thousands are listed at once: as short as it can be.

    Without comments, indentation, blank and continued lines, and blanks around operators.
    """
    lines = (line.strip() for line in re.sub(r"\\\n *", "", supervisor_source()).splitlines())
    program = "\n".join(line for line in lines if line and not line.startswith("#")) + "\n"
    program = re.sub(r" ?(\|\||&&|;;) ?", r"\1", program)
    program = re.sub(r"(?<=[*\w])\) (?=_\w=)", ")", program)
    return re.sub(r"\$\(\([^\n(]*?\)\)", lambda found: found[0].replace(" ", ""), program)
