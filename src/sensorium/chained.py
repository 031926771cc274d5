"""A network and a learner on its pooled features, as one member."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import BundleError
from sensorium.members._base import Member, Numbers
from sensorium.network import Network
from sensorium.table.packed import PRESENT, Packed
from sensorium.table.prepared import Prepared
from sensorium.types import Facts


class Chained(Member):
    """Networks make features of their inputs; a learner reads them like columns of numbers.

    networks: {input: single-input network}. learner: a member that reads the inputs which
    ``featured`` makes (``photo`` becomes numbers) beside the raw ones.
    """

    def __init__(self, networks: dict[str, Network], learner: Member) -> None:
        self.networks, self.learner = networks, learner
        self.inputs = tuple(dict.fromkeys([*networks, *learner.inputs]))

    def numbers(self, data: Prepared) -> Numbers:
        """The learner's numbers on the features."""
        return self.learner.numbers(featured(self.networks, data))

    def parts(self) -> dict[str, Member]:
        """The networks by input, and the learner."""
        return {f"network {n}": m for n, m in self.networks.items()} | {"learner": self.learner}

    def state(self) -> tuple[Facts, dict[str, NDArray[np.generic]]]:
        """Everything is in the parts."""
        return {"networks": list(self.networks)}, {}

    @classmethod
    def restore(
        cls, facts: Facts, arrays: dict[str, NDArray[np.generic]], parts: dict[str, Member] | None = None
    ) -> Self:
        """From the restored parts. Raises BundleError when one is not there."""
        found = parts or {}
        networks: dict[str, Network] = {}
        for name in facts["networks"]:
            part = found.get(f"network {name}")
            if not isinstance(part, Network):
                raise BundleError(f"bundle.json: the chained member lacks its network for input {name!r}.")
            networks[name] = part
        if arrays or "learner" not in found:
            raise BundleError("bundle.json: the chained member must have a learner and no arrays of its own.")
        return cls(networks, found["learner"])


def featured(networks: dict[str, Network], data: Prepared) -> Prepared:
    """The rows with each network's input replaced by its pooled features, as numbers."""
    made: dict[str, tuple[Packed, ...]] = {}
    for name, network in networks.items():
        values = network.features(data)[name]
        present = data.present(name) & np.isfinite(values).all(1)
        status = np.where(present, PRESENT, 1).astype(np.uint8)
        kept = np.where(present[:, None], values, 0).astype(np.float32)
        mask = np.repeat(present[:, None], values.shape[1], 1)
        made[name] = (Packed(kept, status, None, mask),)
    texts = {n: t for n, t in data.texts.items() if n not in networks}
    statistics = {n: p for n, p in data.statistics.items() if n not in networks}
    return Prepared(
        data.numbers, data.inputs | made, texts, data.targets, data.weight, data.columns, statistics
    )
