"""In which order rows are visited: shuffled, but like lengths and rows of one medium together.

Letters: N rows.
"""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]

STRETCH = 32
"""Rows are sorted by length within so many batches."""


def near(rows: Rows, lengths: Rows | None, media: Rows | None) -> Rows:
    """The rows, sorted so that batches cut in a row are cheap: by shared medium, else by length.

    lengths, media: int64 (N,) of all rows: each one's length, and the medium that it shares with others.
    """
    key = media if media is not None else lengths
    return rows if key is None else rows[np.argsort(key[rows], kind="stable")]


def shuffled(
    number: int, batch_rows: int, rng: np.random.Generator, lengths: Rows | None, media: Rows | None
) -> list[Rows]:
    """One epoch's batches: every one of ``number`` rows once, in a new order each time.

    Rows that share a medium come together, the media in random order, so that each is encoded about
    once an epoch; without shared media, rows of like length do, within stretches of batches.
    """
    rows = rng.permutation(number)
    if media is not None:
        place = rng.permutation(int(media.max()) + 1)
        rows = near(rows, None, place[media])
    elif lengths is not None:
        stretch = STRETCH * batch_rows
        pieces = [near(rows[s : s + stretch], lengths, None) for s in range(0, number, stretch)]
        rows = np.concatenate(pieces) if pieces else rows
    cut = [rows[s : s + batch_rows] for s in range(0, number, batch_rows)]
    sort = lengths is not None and media is None
    return [cut[i] for i in rng.permutation(len(cut))] if sort else cut
