"""Letters: B rows, M inputs, D dim, E product units."""

from functools import reduce
from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from sensorium.fusion._base import Fusion
from sensorium.nn.summaries import Maps, Missing, Summaries, alone, kept
from sensorium.types import Fused, Tokens


class Product(Fusion):
    """The product of the inputs' vectors, unit by unit: y = P (prod_m (W_m h_m + b_m)) + c.

    h_m is the input's normalised mean, or its missing vector. Hadamard product pooling (Kim 2017, eq. 7), for
    any number of inputs: b_m starts at 1 and W_m h_m with variance 1 / M, so that the product is of order one
    for two inputs as for twenty, and holds the products of some of the inputs, single ones too. The joint is
    one token, always real. Without learned vectors a missing input's factor is 1, the neutral element.

    Choices:
        hidden: units of the product.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, a factor of 1.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        hidden: Annotated[int, Field(ge=1)] = 128,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.maps = Maps(len(inputs), dim, hidden, scale=len(inputs) ** -0.5, start=1.0)
        self.out = nn.Linear(hidden, dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        factors_BME = kept(self.maps(x_BMD), used_BM, 1.0)
        return alone(self.out(reduce(torch.mul, factors_BME.unbind(1))), inputs)
