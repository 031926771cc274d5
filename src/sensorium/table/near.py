"""Which fingerprints are nearly the same: all pairs of few, hash tables of many, within bounds of work.

Letters: N cells, U different fingerprints, W words of 64 bits.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

ALL_PAIRS = 4096
"""So many fingerprints are compared each with each."""
WINDOW = 128
"""Of more that share a hash each is compared with so many neighbours: a crowd costs no more than that."""
MOST_PAIRS = 2_000_000
MOST_TABLES = 64
FOUND = 0.99
"""The chance with which a pair at the limit is found; closer ones are surer."""


@dataclass(frozen=True, slots=True)
class Near:
    """What looks alike. look: int64 (N,), equal for equal fingerprints, -1 where a cell has none.

    first, second: int64 (P,), pairs of looks that are nearly the same, first < second; bits: in how many
    they differ. complete: False when a bound of work was met, so that some pairs may lack.
    """

    look: Ints
    first: Ints
    second: Ints
    bits: Ints
    complete: bool = True

    def groups(self) -> Ints:
        """int64 (N,): one number for cells that are linked by near pairs; -1 where a cell has no look."""
        many = int(self.look.max(initial=-1)) + 1
        group = linked(many, self.first, self.second)
        return np.where(self.look >= 0, group[self.look] if many else -1, -1)


def near(prints: list[bytes | None], most_bits: int, rng: np.random.Generator) -> Near:
    """The pairs of fingerprints, all of one length, that differ in at most ``most_bits``."""
    there = np.array([place for place, one in enumerate(prints) if one is not None], np.int64)
    look = np.full(len(prints), -1)
    if not len(there):
        nothing = np.zeros(0, np.int64)
        return Near(look, nothing, nothing, nothing)
    data = np.frombuffer(b"".join(one for one in prints if one is not None), np.uint8)
    rows = data.reshape(len(there), -1)
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 8)))
    words, inverse = np.unique(padded.view("<u8"), axis=0, return_inverse=True)
    look[there] = inverse.ravel()
    if len(words) <= ALL_PAIRS:
        first, second, complete = *_each_with_each(words, most_bits), True
    else:
        first, second, complete = _by_tables(words, most_bits, 8 * rows.shape[1], rng)
    return Near(look, first, second, differing(words, first, second), complete)


def linked(many: int, first: Ints, second: Ints) -> Ints:
    """int64 (many,): one number for each set of things that pairs link, directly or through others."""
    graph = sp.coo_matrix((np.ones(len(first), bool), (first, second)), shape=(many, many))
    found: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return found


def differing(words: Words, first: Ints, second: Ints) -> Ints:
    """int64 (P,): in how many bits the fingerprints (U, W) of each pair differ."""
    bits = np.zeros(len(first), np.int64)
    for word in range(words.shape[1]):
        bits += np.bitwise_count(words[first, word] ^ words[second, word])
    return bits


def _each_with_each(words: Words, most: int) -> tuple[Ints, Ints]:
    first, second = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for gap in range(1, len(words)):
        at = np.arange(len(words) - gap)
        at = at[differing(words, at, at + gap) <= most]
        first.append(at)
        second.append(at + gap)
    return np.concatenate(first), np.concatenate(second)


def _by_tables(words: Words, most: int, length: int, rng: np.random.Generator) -> tuple[Ints, Ints, bool]:
    """Locality-sensitive hashing by sampled bits (Indyk and Motwani 1998).

    Each table sorts the fingerprints by some of their bits; those that agree in all of these are compared.
    """
    many = len(words)
    sampled = int(np.clip(np.ceil(np.log2(many)), 8, 24))
    hit = max(1e-9, (1 - most / length) ** sampled)
    tables = min(MOST_TABLES, int(np.ceil(np.log(1 - FOUND) / np.log1p(-min(hit, 0.9)))))
    found, complete = np.zeros(0, np.int64), True
    for _ in range(tables):
        pairs, whole = _in_table(words, rng.choice(length, sampled, replace=False), most)
        found = np.union1d(found, pairs)
        complete = complete and whole
        if len(found) > MOST_PAIRS:
            found, complete = found[:MOST_PAIRS], False
            break
    return found // many, found % many, complete


def _in_table(words: Words, bits: Ints, most: int) -> tuple[Ints, bool]:
    """Near pairs as first x U + second, of neighbours that agree in these bits; False: a crowd was cut."""
    many = len(words)
    keys = np.zeros(many, np.uint64)
    for bit in bits.tolist():
        keys = (keys << np.uint64(1)) | ((words[:, bit // 64] >> np.uint64(bit % 64)) & np.uint64(1))
    order = np.argsort(keys, kind="stable")
    keys, words = keys[order], words[order]
    at, found = np.arange(many), [np.zeros(0, np.int64)]
    for gap in range(1, WINDOW + 1):
        at = at[: np.searchsorted(at, many - gap)]
        at = at[keys[at] == keys[at + gap]]
        if not len(at):
            return np.concatenate(found), True
        kept = at[differing(words, at, at + gap) <= most]
        one, other = order[kept], order[kept + gap]
        found.append(np.minimum(one, other) * many + np.maximum(one, other))
    return np.concatenate(found), False
