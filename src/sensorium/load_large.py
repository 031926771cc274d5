"""Tables too large for memory: read column by column from Parquet, other formats converted to it once."""

import hashlib
import inspect
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from sensorium.errors import DataError
from sensorium.readers import _base as readers_base
from sensorium.readers._base import Reader, Rows
from sensorium.store import Store
from sensorium.table.column import Data
from sensorium.table.memory import plain
from sensorium.table.on_disk import AS_JSON, Shard

LARGE_BYTES = 1 << 27
"""Tables that take more memory stay on disk."""
FORMAT = 1
GROUP_ROWS, GROUP_BYTES = 1 << 16, 1 << 26
_FILE = "table.parquet"
_EXACT = 2**53

Kind: TypeAlias = Literal["nothing", "bool", "int", "float", "str", "json"]
_TYPES: dict[Kind, pa.DataType] = {
    "nothing": pa.null(), "bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(),
    "str": pa.string(), "json": pa.string(),
}  # fmt: skip
_PYTHON: dict[type, Kind] = {bool: "bool", int: "int", float: "float", str: "str", type(None): "nothing"}


def columns_on_disk(path: Path, kind: type[Reader], store: Store | None) -> list[tuple[str, Data]] | None:
    """The file's columns, their cells on disk; None when it must be read into memory.

    Raises DataError as the reader does.
    """
    if kind.by_columns:
        mark = store.files.digests([path])[0] if store is not None else None
        shard = Shard(path, str(path) if mark is None else mark.hex())
    else:
        found = None if store is None else _converted(path, kind, store)
        if found is None:
            return None
        shard = found
    if len(set(shard.names)) < len(shard.names):  # which the table tells
        return None
    labels = [name for name in shard.names if kind.by_columns and readers_base.LABELS.fullmatch(name)]
    return [(name, shard.column(name)) for name in shard.names if name not in labels]


def _converted(path: Path, kind: type[Reader], store: Store) -> Shard | None:
    """The file as Parquet in the store; None when it cannot be kept."""
    (digest,) = store.files.digests([path])
    if digest is None:
        return None
    key = hashlib.sha256(json.dumps([FORMAT, _code(kind), digest.hex()]).encode()).hexdigest()[:32]
    for _ in range(2):
        folder = store.made(key, lambda made: convert(kind, path, made / _FILE))
        try:
            return None if folder is None else Shard(folder / _FILE, key)
        except DataError:  # what a crash left
            store.drop(key)
    return None


def convert(kind: type[Reader], path: Path, made: Path) -> None:
    """Write a file's rows as Parquet, some at a time. What Arrow has no one type for is written as JSON."""
    first = next(iter(kind.pieces(path)), {})
    schema = first.schema if isinstance(first, pa.Table) else _schema(kind.pieces(path))
    with pq.ParquetWriter(made, schema, compression="zstd", write_statistics=False) as writer:
        held: list[pa.Table] = []
        for piece in kind.pieces(path):
            held.append(piece if isinstance(piece, pa.Table) else _arrow(piece, schema))
            if sum(t.num_rows for t in held) >= GROUP_ROWS or sum(t.nbytes for t in held) >= GROUP_BYTES:
                _write(writer, held)
        _write(writer, held)


def _write(writer: pq.ParquetWriter, held: list[pa.Table]) -> None:
    if held:
        whole = pa.concat_tables(held)
        each = max(1, whole.nbytes // max(1, whole.num_rows))
        writer.write_table(whole, row_group_size=max(1, min(GROUP_ROWS, GROUP_BYTES // each)))
        held.clear()


def _schema(pieces: Iterable[Rows]) -> pa.Schema:
    """The types of columns of Python cells: one for all their cells, or JSON."""
    kinds: dict[str, Kind] = {}
    widest: dict[str, int] = {}
    for piece in pieces:
        assert not isinstance(piece, pa.Table), "a reader gives Arrow tables or Python cells"
        for name, cells in piece.items():
            for one in set(map(type, cells)):
                kinds[name] = _joined(kinds.get(name, "nothing"), _PYTHON.get(one, "json"))
            wide = max((abs(c) for c in cells if type(c) is int), default=0)
            widest[name] = max(widest.get(name, 0), wide)
    fields = []
    for name, kind in kinds.items():
        exact = widest[name] < 2**63 if kind == "int" else widest[name] <= _EXACT or kind != "float"
        written = kind == "json" or not exact
        fields.append(
            pa.field(name, _TYPES["json" if written else kind], metadata=AS_JSON if written else None)
        )
    return pa.schema(fields)


def _joined(one: Kind, other: Kind) -> Kind:
    if one == other or other == "nothing":
        return one
    if one == "nothing":
        return other
    return "float" if {one, other} == {"int", "float"} else "json"


def _arrow(piece: dict[str, list[object]], schema: pa.Schema) -> pa.Table:
    rows = len(next(iter(piece.values())))
    columns = []
    for field in schema:
        cells: Sequence[object] = piece.get(field.name) or [None] * rows
        if field.metadata:
            told = [None if c is None else json.dumps(c, ensure_ascii=True) for c in cells]
            columns.append(pa.array(told, field.type))
        else:
            columns.append(pa.array([plain(c) for c in cells], field.type))
    return pa.Table.from_arrays(columns, schema=schema)


@cache
def _code(kind: type[Reader]) -> str:
    """A digest of the code that reads a format."""
    digest = hashlib.sha256()
    for module in (inspect.getsourcefile(kind), readers_base.__file__, __file__):
        digest.update(Path(str(module)).read_bytes())
    return digest.hexdigest()[:16]
