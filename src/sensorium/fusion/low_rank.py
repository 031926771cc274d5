"""Letters: B rows, M inputs, D dim, R rank, F = R D."""

from functools import reduce
from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from sensorium.fusion._base import Fusion
from sensorium.nn.summaries import Maps, Missing, Summaries, alone, kept
from sensorium.types import Fused, Tokens


class LowRank(Fusion):
    """Low-rank tensor fusion, LMF (Liu et al. 2018, eq. 6): y = sum_r prod_m (w_m^r [h_m; 1]) + c.

    h_m is the input's normalised mean, or its missing vector; w_m^r (D, D + 1) are the factors of the tensor
    of weights that TFN would need, all of them trained. The part of a factor that meets the 1 starts at 1 and
    the rest with variance 1 / M, so that the product is of order one for any number of inputs; the rank's
    terms start with random signs and deviation 1 / sqrt(R), folded into their first factor. The joint is one
    token, always real. Without learned vectors a missing input is [0; 1], as in TFN.

    Choices:
        rank: terms of the decomposition.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, zeros beside the 1.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        rank: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.rank = rank
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.factors = Maps(len(inputs), dim, rank * dim, scale=len(inputs) ** -0.5, start=1.0)
        with torch.no_grad():  # else the terms' constants would add up to the rank
            sign_F = torch.randint(0, 2, (rank * dim,)) * 2.0 - 1
            self.factors.weight_MDE[0] *= sign_F * rank**-0.5
            self.factors.bias[: rank * dim] *= sign_F * rank**-0.5
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        factors_BMF = self.factors(kept(x_BMD, used_BM))
        product_BF = reduce(torch.mul, factors_BMF.unbind(1))
        return alone(product_BF.view(len(product_BF), self.rank, -1).sum(1) + self.bias, inputs)
