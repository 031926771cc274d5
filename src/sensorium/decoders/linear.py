"""Letters: B rows, D dim."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from sensorium.decoders._base import Decoder
from sensorium.nn.pool import mean
from sensorium.types import Facts, Fused


class Linear(Decoder):
    """Layer normalisation, dropout and one affine map of the readout: (B, width).

    Without a readout the mean of the real joint tokens is read.

    Choices:
        dropout: chance that a unit of the readout is dropped in training.
    """

    def __init__(
        self,
        dim: int,
        facts: Facts,
        *,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        self.norm, self.dropout = nn.LayerNorm(dim), nn.Dropout(dropout)
        self.map = nn.Linear(dim, int(facts["width"]))

    def forward(self, fused: Fused, target: Tensor | None = None) -> Tensor:  # noqa: ARG002 - teacher forcing only
        x_BD = mean(fused.joint.values, fused.joint.mask) if fused.readout is None else fused.readout
        y: Tensor = self.map(self.dropout(self.norm(x_BD)))
        return y
