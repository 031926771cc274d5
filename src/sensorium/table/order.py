"""In which order rows are visited: shuffled, but like lengths and rows of one medium together.

Letters: N rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensorium.table.hashes import first_seen

Rows = NDArray[np.int64]

STRETCH = 32
"""Rows are sorted by length within so many batches."""


def near(rows: Rows, lengths: Rows | None, media: Rows | None) -> Rows:
    """The rows, sorted so that batches cut in a row are cheap: by shared medium, else by length.

    lengths, media: int64 (N,) of all rows: each one's length, and the medium that it shares with others.
    """
    key = media if media is not None else lengths
    return rows if key is None else rows[np.argsort(key[rows], kind="stable")]


@dataclass(frozen=True, slots=True)
class Shards:
    """Rows that lie on disk and are more than memory holds.

    places: int64 (N,), where each row lies. shard: so many neighbours are read together. buffer: so many
    rows, of shards from all over, are shuffled among each other.
    """

    places: Rows
    shard: int
    buffer: int

    def shuffled(self, rng: np.random.Generator) -> Rows:
        """Every row once: shards in random order, rows in random order within buffers of shards."""
        order = np.argsort(self.places, kind="stable")
        cut = [order[start : start + self.shard] for start in range(0, len(order), self.shard)]
        rows = np.concatenate([cut[place] for place in rng.permutation(len(cut))])
        for start in range(0, len(rows), self.buffer):
            rows[start : start + self.buffer] = rng.permutation(rows[start : start + self.buffer])
        return rows


def shuffled(
    number: int,
    batch_rows: int,
    rng: np.random.Generator,
    lengths: Rows | None,
    media: Rows | None,
    shards: Shards | None = None,
) -> list[Rows]:
    """One epoch's batches: every one of ``number`` rows once, in a new order each time.

    Rows that share a medium come together, the media in random order, so that each is encoded about
    once an epoch; without shared media, rows of like length do, within stretches of batches. shards:
    where rows lie that do not fit into memory; then those that come together lie near each other.
    """
    rows = rng.permutation(number) if shards is None else shards.shuffled(rng)
    if media is not None and shards is not None:
        rows = near(rows, None, first_seen(media[rows])[0][np.argsort(rows)])
    elif media is not None:
        place = rng.permutation(int(media.max()) + 1)
        rows = near(rows, None, place[media])
    elif lengths is not None:
        stretch = STRETCH * batch_rows
        pieces = [near(rows[s : s + stretch], lengths, None) for s in range(0, number, stretch)]
        rows = np.concatenate(pieces) if pieces else rows
    cut = [rows[s : s + batch_rows] for s in range(0, number, batch_rows)]
    sort = lengths is not None and media is None
    return [cut[i] for i in rng.permutation(len(cut))] if sort else cut
