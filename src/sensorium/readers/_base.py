"""What a reader is: one file format -> an Arrow table."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import pyarrow as pa


class Reader(ABC):
    """Reads one format. ``suffixes`` pick it by name; ``sniff`` by the first bytes when names fail."""

    suffixes: ClassVar[tuple[str, ...]]

    @classmethod
    @abstractmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """Whether these first 4,096 bytes (empty for a folder) are of this format."""

    @classmethod
    @abstractmethod
    def read(cls, path: Path) -> pa.Table:
        """The whole table; rows in the file's order. Raises DataError naming the file and the line."""
