"""Letters: B rows, M inputs, D dim, E units of an input in the tensor, N entries of a tensor."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.fusion._base import Fusion
from sensorium.nn.summaries import Maps, Missing, Summaries, alone, kept
from sensorium.types import Fused, Tokens


class Tensors(nn.Module):
    """(B, M, D) -> (B, D): the affine map of the outer product of M small vectors with 1 appended."""

    def __init__(self, inputs: int, dim: int, units: int) -> None:
        super().__init__()
        self.size = inputs
        self.maps = Maps(inputs, dim, units)
        self.out = nn.Linear((units + 1) ** inputs, dim)

    def forward(self, x_BMD: Tensor, used_BM: Tensor) -> Tensor:
        small_BME = F.pad(kept(self.maps(x_BMD), used_BM), (0, 1), value=1.0)
        product_BN = small_BME[:, 0]
        for place in range(1, small_BME.shape[1]):
            product_BN = (product_BN.unsqueeze(2) * small_BME[:, place].unsqueeze(1)).flatten(1)
        y_BD: Tensor = self.out(product_BN)
        return y_BD


class TensorFusion(Fusion):
    """Tensor fusion, TFN (Zadeh et al. 2017, eq. 1 and 2): y = V (z_1 x ... x z_M) + c.

    z_m = [W_m h_m + b_m; 1]; h_m is the input's normalised mean, or its missing vector; x is the outer
    product. Thanks to the ones it holds every product of units of some of the inputs. M inputs of E units
    have (E + 1)^M entries, so ``units`` are few and one tensor takes at most ``ways`` inputs: more are fused
    in even groups of neighbours in plan order, and the groups' normalised results are fused again in the same
    way. The joint is one token, always real. Without learned vectors a missing input is [0; 1]: no product
    with it.

    Choices:
        units: what each input is projected to before the tensor.
        ways: inputs in one tensor at most; it has (units + 1) ^ ways entries.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, zeros in the tensor.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        units: Annotated[int, Field(ge=1, le=63)] = 15,
        ways: Literal[4, 3, 2] = 3,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.levels, self.norms = nn.ModuleList(), nn.ModuleList()
        count = len(inputs)
        while count > 1 or not self.levels:
            sizes = grouped(count, ways)
            self.levels.append(nn.ModuleList(Tensors(size, dim, units) for size in sizes))
            count = len(sizes)
            if count > 1:
                self.norms.append(nn.LayerNorm(dim))

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        for depth, level in enumerate(self.levels):
            assert isinstance(level, nn.ModuleList)
            sizes = [part.size for part in level]
            pairs = zip(level, x_BMD.split(sizes, 1), used_BM.split(sizes, 1), strict=True)
            x_BMD = torch.stack([part(x, used) for part, x, used in pairs], 1)
            used_BM = torch.ones_like(x_BMD[..., 0], dtype=torch.bool)
            if depth < len(self.norms):
                x_BMD = self.norms[depth](x_BMD)
        return alone(x_BMD[:, 0], inputs)


def grouped(count: int, ways: int) -> list[int]:
    """The sizes of the fewest groups of at most ``ways``, as even as can be."""
    groups = -(-count // ways)
    return [count // groups + (place < count % groups) for place in range(groups)]
