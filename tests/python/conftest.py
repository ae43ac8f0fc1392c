"""A fleet for the Python API as well."""

from tests.commands.conftest import ann, fleet

__all__ = ["ann", "fleet"]
