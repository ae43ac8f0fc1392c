"""A fleet for the queue as well."""

from tests.commands.conftest import fleet

__all__ = ["fleet"]
