"""Letters: B rows, M inputs, D dim."""

from typing import Annotated, ClassVar

from pydantic import Field

from sensorium.fusion._base import Fusion
from sensorium.nn.gate import GatedMix
from sensorium.nn.pool import mean
from sensorium.nn.summaries import Maps, Missing, Summaries, alone
from sensorium.types import Fused, Tokens


class Mean(Fusion):
    """The mean of each input's vector: y = 1 / |S| sum_{m in S} (W_m h_m + b_m), S the inputs that count.

    h_m is the input's normalised mean, or its missing vector. As in HeMIS (Havaei 2016, section 2, first
    moment) the mean over what is there is as large with one input as with ten. It cannot tell XOR of two
    inputs, unless a perceptron follows. The joint is one token, always real; with nothing there it is zeros.

    Choices:
        hidden: hidden units of a gated perceptron of the mean, added to it; 0 leaves it out.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: none, left out of the mean, or learned, a vector that counts.
    """

    learns_xor: ClassVar[bool] = False

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        hidden: Annotated[int, Field(ge=0)] = 0,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "none",
    ) -> None:
        super().__init__()
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.maps = Maps(len(inputs), dim, dim)
        self.mix = GatedMix(dim, dim, hidden, dropout=0.0) if hidden else None

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        y_BD = mean(self.maps(x_BMD), used_BM)
        return alone(y_BD if self.mix is None else y_BD + self.mix(y_BD), inputs)
