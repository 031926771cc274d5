"""Made rows: 20 numbers, 3 categories, a short text and a label that shows in all of them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NUMBERS, CATEGORIES, WORDS, CLASSES = 20, 3, 2_000, 4
SHARD = 100_000


def shards(rows: int, seed: int = 0) -> Iterator[pa.Table]:
    """Tables of at most SHARD rows; the same rows for the same seed."""
    rng = np.random.default_rng(seed)
    words = np.array(["".join(rng.choice(list("abcdefghijklmnop"), 5)) for _ in range(WORDS)])
    for start in range(0, rows, SHARD):
        yield _shard(min(SHARD, rows - start), words, rng)


def _shard(rows: int, words: np.ndarray[tuple[int], np.dtype[np.str_]], rng: np.random.Generator) -> pa.Table:
    label = rng.integers(0, CLASSES, rows)
    columns: dict[str, pa.Array] = {}
    for place in range(NUMBERS):
        values = rng.normal(0.25 * label * (place % 5 == 0), 1.0)
        values[rng.random(rows) < 0.05] = np.nan
        columns[f"n{place:02d}"] = pa.array(values, from_pandas=True)
    for place in range(CATEGORIES):
        codes = (rng.integers(0, 50, rows) + label * 5 * (place == 0)) % 50
        columns[f"c{place}"] = pa.array([f"value {code}" for code in codes.tolist()])
    lengths = rng.integers(3, 10, rows)
    told = rng.integers(0, WORDS, (rows, 10))
    told[:, 0] = np.where(rng.random(rows) < 0.5, label * 10 + rng.integers(0, 10, rows), told[:, 0])
    lines = zip(words[told].tolist(), lengths.tolist(), strict=True)
    columns["note"] = pa.array([" ".join(line[:length]) for line, length in lines])
    columns["label"] = pa.array([f"k{one}" for one in label.tolist()])
    return pa.table(columns)


def write_parquet(folder: Path, rows: int) -> Path:
    """A folder of Parquet shards."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, shard in enumerate(shards(rows)):
        pq.write_table(shard, folder / f"part-{number:03d}.parquet")
    return folder


def write_csv(path: Path, rows: int) -> Path:
    """One csv file of the same rows."""
    for number, shard in enumerate(shards(rows)):
        with path.open("a" if number else "w", encoding="utf-8") as file:
            shard.to_pandas().to_csv(file, index=False, header=not number)
    return path
