"""Parquet files."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from sensorium.errors import DataError
from sensorium.readers._base import LABELS, Reader, Rows, short


class Parquet(Reader):
    """A Parquet file of any nesting; the row labels that pandas adds without a name are left out."""

    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq", ".parq")
    magic: ClassVar[bool] = True
    by_columns: ClassVar[bool] = True

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        return path.is_file() and head.startswith((b"PAR1", b"PARE"))

    @classmethod
    def read(cls, path: Path) -> Rows:
        try:
            with pq.ParquetFile(path) as file:
                table = file.read()
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"{path}: not a whole Parquet file ({short(error)}). Copy or write it again."
            ) from error
        return table.select([i for i, n in enumerate(table.column_names) if not LABELS.fullmatch(n)])

    @classmethod
    def weight(cls, path: Path) -> int:
        try:
            told = pq.read_metadata(path)
        except (OSError, pa.ArrowException):
            return 0  # ``read`` tells what is wrong
        groups = (told.row_group(place) for place in range(told.num_row_groups))
        return max(8 * int(told.num_rows * told.num_columns), sum(int(g.total_byte_size) for g in groups))

    @classmethod
    def pieces(cls, path: Path) -> Iterator[Rows]:
        """Whole: its columns are read from the file itself."""
        yield cls.read(path)
