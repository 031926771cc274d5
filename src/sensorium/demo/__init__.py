"""The built-in table: digits seen, heard and read. See ``data/README.md`` for origin and licence."""

from importlib.resources import files
from pathlib import Path

__all__ = ["table"]


def table() -> Path:
    """The path of the demo's csv; its media lie beside it, in ``seen/`` and ``heard/``."""
    return Path(str(files(__name__) / "data" / "digits.csv"))
