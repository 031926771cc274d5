"""What an encoder is: arrays of one input -> tokens."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import nn

from sensorium.types import Arrays, Json, Layout, Tokens


class Encoder(nn.Module, ABC):
    """From one input's arrays to tokens. ``__init__(self, facts, dim, *, choices)``.

    facts: what ``Modality.describe`` says of the layout. dim: D of the returned tokens. An encoder
    knows layouts, not modalities. A missing cell gives a row with no True in the mask; rows never see
    each other, in training mode too (use ``nn.norm.MaskedBatchNorm``, which counts present rows only).
    """

    accepts: ClassVar[tuple[Layout, ...]]
    """Layouts it reads, the preferred first."""
    presets: ClassVar[dict[str, dict[str, Json]]] = {}
    """Names for its own choices: {"resnet18": {"depth": 18}}."""

    @classmethod
    def wants(cls, choices: dict[str, Json]) -> dict[str, Json]:
        """Options this encoder asks of the modality (a tokenizer, an image size); the user's word wins."""
        return {}

    @abstractmethod
    def forward(self, x: Arrays) -> Tokens: ...
