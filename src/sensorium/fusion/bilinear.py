"""Letters: B rows, M inputs, D dim, U units with a constant, W width of the sketch."""

from functools import reduce
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.fusion._base import Fusion
from sensorium.nn.summaries import Missing, Summaries, alone
from sensorium.types import Fused, Tokens

FLAT = 1e-3
"""The signed root is x / sqrt(|x| + FLAT): steeper at 0 it magnified rounding to 7e-5 of an answer (1e-6)."""


class Bilinear(Fusion):
    """Compact bilinear pooling, MCB (Gao et al. 2016, algorithm 2; Fukui et al. 2016, section 3.1).

    h_m is the input's normalised mean, or its missing vector, divided by the root of D, with 1 appended. Each
    has a random hash and random signs, fixed when the fusion is made and saved with it; the sketches' Fourier
    transforms multiplied, p = FFT^-1(prod_m FFT(Psi(h_m))), are the count sketch of the outer product of all
    inputs. Then, as in Fukui 2016, the signed root and length 1, and an affine map to D. The joint is one
    token, always real. Without learned vectors a missing input is left out: its transform is 1, the neutral
    element of the convolution.

    Choices:
        width: entries of the sketch; more tell more products apart.
        constant: whether 1 is appended, so that products of some of the inputs, single ones too, are there;
            without it there is only the product of all, as in the papers.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, left out of the product.
    """

    cost: ClassVar[str] = ""  # each input takes one Fourier transform, but no matrix product
    hash_MU: Tensor
    sign_MU: Tensor

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        width: Annotated[int, Field(ge=2)] = 1024,
        constant: bool = True,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.width, self.constant = width, constant
        self.summaries = Summaries(inputs, dim, missing, dropout)
        shape = len(inputs), dim + constant
        self.register_buffer("hash_MU", torch.randint(0, width, shape))
        self.register_buffer("sign_MU", torch.randint(0, 2, shape) * 2.0 - 1)
        self.out = nn.Linear(width, dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        x_BW = self.sketch(x_BMD, used_BM)
        rooted_BW = x_BW * (x_BW.abs() + FLAT).rsqrt()
        return alone(self.out(F.normalize(rooted_BW, dim=-1, eps=1e-6)), inputs)

    def sketch(self, x_BMD: Tensor, used_BM: Tensor) -> Tensor:
        """The count sketch (B, W) of the outer product of every row's vectors that count."""
        x_BMU = x_BMD.float() * x_BMD.shape[-1] ** -0.5
        x_BMU = F.pad(x_BMU, (0, 1), value=1.0) if self.constant else x_BMU
        signed_BMU = x_BMU * self.sign_MU
        sketch_BMW = signed_BMU.new_zeros(*used_BM.shape, self.width)
        sketch_BMW = sketch_BMW.scatter_add(2, self.hash_MU.expand(signed_BMU.shape), signed_BMU)
        waves = torch.fft.rfft(sketch_BMW)
        waves = torch.where(used_BM.unsqueeze(-1), waves, torch.ones_like(waves))
        product_BW: Tensor = torch.fft.irfft(reduce(torch.mul, waves.unbind(1)), n=self.width)
        return product_BW
