"""Letters: B rows, M inputs, N nodes (S where they are read), D dim, H heads, E dim of a head."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, joined, led
from sensorium.nn.attention import check_heads
from sensorium.nn.pool import AttentionPool, summary
from sensorium.types import Fused, Tokens


class Graph(Fusion):
    """Graph attention over the inputs, or over all their tokens, as nodes (Brody 2022, equation 7).

    Every node of a row is joined to every other one and to itself. A layer weighs neighbour j of node i
    by the softmax of a . LeakyReLU(W_l h_i + W_r h_j) (GATv2; in Velickovic 2018 the ranking of
    neighbours is the same for every node) and adds ELU of their weighted sum, heads side by side, to the
    node. The readout is a learned weighted mean of the nodes. With ``nodes: tokens`` the columns of an
    input that gives one token a column are nodes of their own.

    Choices:
        nodes: inputs (the mean of each input's tokens) or tokens (each one; memory grows with their square).
        layers: rounds of messages.
        heads: attention heads; they must divide the dim.
        dropout: chance that a unit of a message is dropped in training.
        missing: what a missing input is: learned, a node of its own, or none, no node at all.
    """

    cost: ClassVar[str] = "inputs^2"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        nodes: Literal["inputs", "tokens"] = "inputs",
        layers: Annotated[int, Field(ge=1)] = 2,
        heads: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Literal["learned", "none"] = "learned",
    ) -> None:
        super().__init__()
        check_heads("fusion graph", dim, heads)
        self.inputs, self.pooled = tuple(inputs), nodes == "inputs"
        self.marked = Marked(len(inputs), dim, missing == "learned")
        self.layers = nn.ModuleList(_Layer(dim, heads, dropout) for _ in range(layers))
        self.norm, self.pool = nn.LayerNorm(dim), AttentionPool(dim, heads)
        self.out = nn.Linear(dim, dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        given = [inputs[name] for name in self.inputs]
        nodes = joined(self.marked([summary(t) for t in given] if self.pooled else given))
        x_BND = nodes.values
        for layer in self.layers:
            x_BND = layer(x_BND, nodes.mask)
        x_BND = self.norm(x_BND)
        y_BD = self.out(self.pool(x_BND, nodes.mask))
        return Fused(led(y_BD, Tokens(x_BND, nodes.mask)), dict(inputs), readout=y_BD)


class _Layer(nn.Module):
    """One round of messages between the real nodes, added to them."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.left, self.right = nn.LayerNorm(dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.score_HE = nn.Parameter(torch.randn(heads, dim // heads) * (dim // heads) ** -0.5)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BND: Tensor, mask_BN: Tensor) -> Tensor:
        h_BND = self.norm(x_BND)
        heads = (*mask_BN.shape, *self.score_HE.shape)
        left_BNHE, right_BSHE = self.left(h_BND).view(heads), self.right(h_BND).view(heads)
        pair_BNSHE = F.leaky_relu(left_BNHE.unsqueeze(2) + right_BSHE.unsqueeze(1), 0.2)
        score_BNSH = torch.einsum("bnshe,he->bnsh", pair_BNSHE, self.score_HE.to(pair_BNSHE.dtype)).float()
        score_BNSH = score_BNSH.masked_fill(~mask_BN[:, None, :, None], -1e9)
        share_BNSH = score_BNSH.softmax(2).to(right_BSHE.dtype)
        read_BNHE = torch.einsum("bnsh,bshe->bnhe", share_BNSH, right_BSHE)
        y_BND: Tensor = x_BND + self.dropout(F.elu(read_BNHE.flatten(2)))
        return y_BND
