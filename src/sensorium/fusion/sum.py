"""Letters: B rows, M inputs, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.fusion._base import Fusion
from sensorium.nn.gate import GatedMix
from sensorium.nn.summaries import Maps, Missing, Summaries, alone, kept
from sensorium.types import Fused, Tokens


class Sum(Fusion):
    """The weighted sum of each input's vector: y = sum_m a_m (W_m h_m + b_m), a_m one learned number.

    h_m is the input's normalised mean, or its missing vector. Additive fusion is the baseline of most papers
    (Baltrusaitis 2019, section 5.1, reviews it); softmax weights are those of ELMo (Peters 2018, eq. 1). A
    sum cannot tell XOR of two inputs, unless a perceptron follows. The joint is one token, always real.
    Without learned vectors a missing input adds nothing (0, the neutral element of sums) and the softmax is
    shared out among the others.

    Choices:
        weights: how the inputs' weights are made: free, any numbers, or softmax, shares that sum to 1.
        hidden: hidden units of a gated perceptron of the sum, added to it; 0 leaves it out.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, left out of the sum.
    """

    learns_xor: ClassVar[bool] = False

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        weights: Literal["free", "softmax"] = "free",
        hidden: Annotated[int, Field(ge=0)] = 0,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.maps = Maps(len(inputs), dim, dim)
        self.shared = weights == "softmax"
        first = torch.zeros(len(inputs)) if self.shared else torch.full((len(inputs),), len(inputs) ** -0.5)
        fixed = self.shared and len(inputs) == 1  # the share of a single input is 1
        self.weight_M = nn.Parameter(first, requires_grad=not fixed)
        self.mix = GatedMix(dim, dim, hidden, dropout=0.0) if hidden else None

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        y_BD = (self.share(used_BM).unsqueeze(-1) * kept(self.maps(x_BMD), used_BM)).sum(1)
        return alone(y_BD if self.mix is None else y_BD + self.mix(y_BD), inputs)

    def share(self, used_BM: Tensor) -> Tensor:
        """The weight of every input in every row (B, M)."""
        if not self.shared:
            return self.weight_M.expand(used_BM.shape)
        return torch.where(used_BM, self.weight_M, -1e9).softmax(1)
