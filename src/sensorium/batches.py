"""Prepared rows -> batches."""

import numpy as np
import torch
from numpy.typing import NDArray

from sensorium.encoders import encoders
from sensorium.model import input_of, is_ready, layout_of, modality_of, part_name
from sensorium.nn.memory import COSTS
from sensorium.plan import Plan
from sensorium.table import order
from sensorium.table.order import Shards
from sensorium.table.packed import PRESENT, Packed
from sensorium.table.prepared import Prepared
from sensorium.types import Arrays, Batch

REPEATS = 2
"""Rows are visited by medium when a medium has so many rows on average."""
SHARDED, SHARD, BUFFER = 1 << 32, 1 << 22, 1 << 30
"""Bytes of mapped columns above which rows are visited by shards; of a shard; of what is shuffled at once."""


class Batches:
    """Cuts batches out of prepared rows for one plan: a few index reads each, no step per row.

    plan: the inputs and targets that the batch holds. data: the rows. Ragged inputs are padded to the
    batch's own longest; records that rows share are in a batch once.
    """

    def __init__(self, plan: Plan, data: Prepared) -> None:
        self.data, self._plan = data, plan
        self._inputs = {
            part_name(name, place): (
                modality_of(asked),
                None if is_ready(asked, part) else layout_of(asked),
                part,
            )
            for name, asked in plan.inputs.items()
            for place, part in enumerate(data.inputs[name])
        }
        self._repeat = {name for name, (_, _, part) in self._inputs.items() if part.shared()}
        self._targets = {n: data.targets[n] for n in plan.targets if n in data.targets}

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """These rows as one batch, on the CPU, in stored dtypes."""
        inputs: dict[str, Arrays] = {}
        index: dict[str, torch.Tensor] = {}
        for name, (modality, layout, part) in self._inputs.items():
            records = part.at(rows)
            if name in self._repeat:
                records, inverse = np.unique(records, return_inverse=True)
                index[name] = torch.from_numpy(inverse)
            inputs[name] = (
                _features(part, records) if layout is None else modality.arrays(part, records, layout)
            )
        targets = {
            n: Arrays(torch.from_numpy(t.values[rows]), torch.from_numpy(t.mask[rows]))
            for n, t in self._targets.items()
        }
        weight = None if self.data.weight is None else torch.from_numpy(self.data.weight[rows]).float()
        return Batch(inputs, index, torch.from_numpy(self.data.numbers[rows]), targets, {}, weight)

    def lengths(self) -> NDArray[np.int64] | None:
        """Each row's length, summed over ragged inputs; None when nothing is ragged."""
        found = [p.lengths()[p.records()] for _, _, p in self._inputs.values() if p.offsets is not None]
        return np.sum(found, axis=0) if found else None

    def media(self) -> NDArray[np.int64] | None:
        """int64 (N,): each row's medium, of the input whose media are shared most; None: hardly any are."""
        parts = [p for m, _, p in self._inputs.values() if m.media and p.index is not None]
        shared = [_seen(part) for part in parts]
        repeats = {len(self) / max(1, len(np.unique(i))): i for i in shared}
        return repeats[max(repeats)] if repeats and max(repeats) >= REPEATS else None

    def distinct(self) -> int:
        """How many different things there are to see: media where rows share them, else rows."""
        media = self.media()
        return len(self) if media is None else len(np.unique(media))

    def near(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows, sorted so that batches cut in a row are cheap."""
        return rows if len(rows) < 2 else order.near(rows, self.lengths(), self.media())

    def order(self, batch_rows: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
        """One epoch's batches, shuffled, rows of one medium or of like length together."""
        return order.shuffled(len(self.data), batch_rows, rng, self.lengths(), self.media(), self.shards())

    def sizes(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 (K,): how many numbers these rows are, those of pretrained networks by what they cost."""
        found = np.zeros(len(rows), np.int64)
        for name, (_, layout, part) in self._inputs.items():
            kind = encoders.get(self._plan.inputs[input_of(name)].encoder.name)
            cost = COSTS.get(layout or "", 1) if kind.pretrained else 1
            found += part.sizes()[part.at(rows)] * cost
        return found

    def shards(self) -> Shards | None:
        """Where the rows lie on disk, when the prepared columns are larger than SHARDED bytes; else None.

        The bound is one number and not the machine's memory: one seed visits rows in one order everywhere.
        """
        mapped = [part for _, _, part in self._inputs.values() if isinstance(part.values, np.memmap)]
        largest = max(mapped, key=lambda part: part.values.nbytes, default=None)
        if largest is None or sum(part.values.nbytes for part in mapped) <= SHARDED:
            return None
        each = max(1, largest.values.nbytes // max(1, len(largest.status)))
        return Shards(largest.records(), max(1, SHARD // each), max(1, BUFFER // each))


def _features(part: Packed, records: NDArray[np.int64]) -> Arrays:
    """Features made ahead as (B, T, W), with the mask (B, T) of what is there."""
    values, mask = part.padded(records)
    return Arrays(torch.from_numpy(np.asarray(values, np.float32)), torch.from_numpy(mask))


def _seen(part: Packed) -> NDArray[np.int64]:
    """int64 (N,): the record of each row; one that has none shares nothing and gets a number of its own."""
    there = part.row_status() == PRESENT
    return np.where(there, part.records(), len(part.status) + np.arange(len(part)))
