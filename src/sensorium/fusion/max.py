"""Letters: B rows, M inputs, D dim."""

from typing import Annotated

from pydantic import Field

from sensorium.fusion._base import Fusion
from sensorium.nn.pool import highest
from sensorium.nn.summaries import Maps, Missing, Summaries, alone
from sensorium.types import Fused, Tokens


class Max(Fusion):
    """The largest of the inputs' vectors, unit by unit: y_d = max_m (W_m h_m + b_m)_d.

    h_m is the input's normalised mean, or its missing vector. Max fusion (Feichtenhofer et al. 2016, eq. 2),
    after an affine map of each input, so that unit d means the same in all. The joint is one token, always
    real; with nothing there it is zeros.

    Choices:
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: none, left out of the maximum, or learned, a vector that counts.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "none",
    ) -> None:
        super().__init__()
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.maps = Maps(len(inputs), dim, dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        return alone(highest(self.maps(x_BMD), used_BM), inputs)
