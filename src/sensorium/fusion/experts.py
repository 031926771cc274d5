"""Letters: B rows, T tokens, D dim, E experts, H hidden units of an expert."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.errors import PlanError
from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, alone, joined, led
from sensorium.nn.attention import Attention, check_heads
from sensorium.types import Fused, Tokens


class Experts(Fusion):
    """A Transformer over the tokens of all inputs whose perceptrons are mixtures of experts.

    A router gives each token weights over the experts: the softmax over its ``top`` largest scores
    (Shazeer 2017, equations 3 to 5, without noise, so that answers are no matter of chance); with
    ``top`` equal to ``experts`` the routing is soft. All tokens meet the same experts (Mustafa 2022,
    LIMoE). A penalty keeps the experts in use: of each row by itself (Liu 2024, DeepSeek-V3, equations
    17 to 20), since rows never see each other. No expert has a capacity, so no token is dropped; all
    experts are computed, so no shape depends on the data. An expert has 2 D hidden units; a missing
    input is a learned token of its own.

    Choices:
        layers: Transformer layers.
        experts: perceptrons of each layer.
        top: experts that a token goes to; at most experts.
        balance: weight of the balancing penalty; 0: none.
        heads: attention heads; they must divide the dim.
        dropout: chance that a unit of a layer's output is dropped in training.
    """

    cost: ClassVar[str] = "inputs^2 tokens^2"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        layers: Annotated[int, Field(ge=1)] = 2,
        experts: Annotated[int, Field(ge=1)] = 4,
        top: Annotated[int, Field(ge=1)] = 2,
        balance: Annotated[float, Field(ge=0)] = 0.01,
        heads: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        check_heads("fusion experts", dim, heads)
        if top > experts:
            raise PlanError(
                f"fusion experts: top must be at most experts ({experts}); got {top}. "
                f"Take top: {experts} for soft routing."
            )
        self.inputs, self.balance = tuple(inputs), balance
        self.marked = Marked(len(inputs), dim, True)
        self.readout_D = nn.Parameter(torch.randn(dim) * 0.02)
        self.blocks = nn.ModuleList(
            _Block(dim, heads, _Mixture(dim, experts, top, 2 * dim), layers, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        marked = self.marked([inputs[name] for name in self.inputs])
        rows = marked[0].values.shape[0]
        tokens = joined([alone(self.readout_D, rows, marked[0].values), *marked])
        x_BTD, uneven = tokens.values, []
        for block in self.blocks:
            x_BTD, uneven_B = block(x_BTD, tokens.mask)
            uneven.append(uneven_B)
        x_BTD = self.norm(x_BTD)
        penalties = {"experts": self.balance * torch.stack(uneven).mean(0)} if self.balance else {}
        rest = Tokens(x_BTD[:, 1:], tokens.mask[:, 1:])
        return Fused(led(x_BTD[:, 0], rest), dict(inputs), penalties, readout=x_BTD[:, 0])


class _Mixture(nn.Module):
    """Experts of two affine maps with GELU between, weighed by a router."""

    def __init__(self, dim: int, experts: int, top: int, hidden: int) -> None:
        super().__init__()
        self.top = top
        self.router = nn.Linear(dim, experts, bias=False)
        self.up_DEH = nn.Parameter((torch.rand(dim, experts, hidden) * 2 - 1) * dim**-0.5)
        self.up_EH = nn.Parameter(torch.zeros(experts, hidden))
        self.down_EHD = nn.Parameter((torch.rand(experts, hidden, dim) * 2 - 1) * hidden**-0.5)
        self.down_ED = nn.Parameter(torch.zeros(experts, dim))

    def forward(self, x_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """The mixture (B, T, D), and how uneven each row's routing is (B,): 1 is even, E all to one."""
        weight_BTE, share_BTE = self.routed(x_BTD)
        experts, hidden = self.up_EH.shape
        up = F.linear(x_BTD, self.up_DEH.flatten(1).T, self.up_EH.flatten())
        up_BTEH = F.gelu(up.view(*mask_BT.shape, experts, hidden)) * weight_BTE.unsqueeze(-1).to(up.dtype)
        y_BTD = F.linear(up_BTEH.flatten(2), self.down_EHD.flatten(0, 1).T)
        y_BTD = y_BTD + (weight_BTE @ self.down_ED).to(y_BTD.dtype)
        return y_BTD, _uneven(weight_BTE, share_BTE, mask_BT, self.top)

    def routed(self, x_BTD: Tensor) -> tuple[Tensor, Tensor]:
        """Each token's weights over the experts (B, T, E), and the softmax over all scores, in float32."""
        device = x_BTD.device.type
        with torch.autocast(device if torch.amp.is_autocast_available(device) else "cpu", enabled=False):
            score_BTE = self.router(x_BTD.float())
            kept = score_BTE.topk(self.top, -1)
            low_BTE = torch.full_like(score_BTE, float("-inf"))
            weight_BTE = low_BTE.scatter(-1, kept.indices, kept.values).softmax(-1)
        return weight_BTE, score_BTE.softmax(-1)


class _Block(nn.Module):
    """One pre-norm Transformer layer with a mixture of experts in place of its perceptron."""

    def __init__(self, dim: int, heads: int, mixture: _Mixture, layers: int, dropout: float) -> None:
        super().__init__()
        self.norm_attention, self.norm_mixture = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention, self.mixture = Attention(dim, heads), mixture
        self.dropout = nn.Dropout(dropout)
        with torch.no_grad():
            for last in (self.attention.out.weight, self.mixture.down_EHD):
                last.mul_((2 * layers) ** -0.5)

    def forward(self, x_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        x_BTD = x_BTD + self.dropout(self.attention(self.norm_attention(x_BTD), mask_BT))
        mixed_BTD, uneven_B = self.mixture(self.norm_mixture(x_BTD), mask_BT)
        return x_BTD + self.dropout(mixed_BTD), uneven_B


def _uneven(weight_BTE: Tensor, share_BTE: Tensor, mask_BT: Tensor, top: int) -> Tensor:
    """(B,): sum over experts of E / (top T) x tokens sent there x the mean share of the expert."""
    real_BT1 = mask_BT.unsqueeze(-1).to(share_BTE.dtype)
    count_B1 = real_BT1.sum(1).clamp(min=1)
    sent_BE = ((weight_BTE > 0).to(share_BTE.dtype) * real_BT1).sum(1) / count_B1
    mean_BE = (share_BTE * real_BT1).sum(1) / count_B1
    return (sent_BE * mean_BE).sum(-1) * (weight_BTE.shape[-1] / top)
