"""Parquet files."""

import re
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from sensorium.errors import DataError
from sensorium.readers._base import Reader, Rows, short


class Parquet(Reader):
    """A Parquet file of any nesting; the row labels that pandas adds without a name are left out."""

    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq", ".parq")
    magic: ClassVar[bool] = True

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
        return table.select([i for i, n in enumerate(table.column_names) if not _LABELS.fullmatch(n)])


_LABELS = re.compile(r"__index_level_\d+__")
