"""Networks that were loaded for use learn as any other."""

from collections.abc import Iterator
from typing import ClassVar

import pytest
import torch

import toy
from sensorium.encoders import encoders
from sensorium.encoders.linear import Linear
from sensorium.train.job import Part
from sensorium.train.loop import train_network
from sensorium.types import Arrays, Facts, Tokens


class Loaded(Linear):
    """Holds a part that was loaded for use, as pretrained networks are, and notes in which mode it learns."""

    modes: ClassVar[list[bool]] = []

    def __init__(self, facts: Facts, dim: int) -> None:
        super().__init__(facts, dim)
        self.part = torch.nn.Dropout(0.5).eval()

    def forward(self, x: Arrays) -> Tokens:
        self.modes.append(self.part.training)
        return super().forward(x)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    monkeypatch.setattr(Loaded, "modes", [])
    encoders.add("loaded", Loaded)
    yield Loaded.modes
    encoders.remove("loaded")


def test_what_was_loaded_for_use_learns_as_in_training_from_the_first_step(loaded: list[bool]) -> None:
    raw = toy.plan_of("age", "kind")
    raw["inputs"] = raw["inputs"] | {"age": {"modality": "number", "encoder": "loaded"}}
    done = train_network(toy.job(raw, name="age alone", part=Part(0.3)))
    assert loaded[0]
    loaded.clear()
    train_network(toy.job(raw, name="age alone", part=Part(1.0, done.state)))
    assert loaded[0]
