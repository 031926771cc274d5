"""Letters: B rows, T tokens of all inputs, N latents, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, alone, joined, led
from sensorium.nn.attention import Block, check_heads
from sensorium.nn.cross import CrossBlock
from sensorium.types import Fused, Tokens


class Latent(Fusion):
    """Perceiver: a few learned vectors read the tokens of all inputs (Jaegle 2021, section 3.1).

    In each round the latents attend to all tokens, X <- X + softmax(Q(X) K(tokens) / sqrt(E)) V(tokens),
    then an MLP, then to each other in a Transformer; the cost is linear in the tokens. The readout is a
    learned query that attends to the latents, as in Perceiver IO (Jaegle 2022, section 3.2), or the
    latents' mean, as in Perceiver. Tokens are marked by adding a vector of their input (the paper lays
    its codes beside them). The joint is the readout and the latents.

    Choices:
        latents: learned vectors.
        rounds: how often the latents read the tokens, each time followed by one Transformer layer.
        readout: query (a learned vector attends to the latents) or mean (of the latents).
        heads: attention heads; they must divide the dim.
        dropout: chance that a unit of a layer's output is dropped in training.
        missing: what a missing input is: learned, a token of its own, or none, no token at all.
    """

    cost: ClassVar[str] = "inputs tokens"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        latents: Annotated[int, Field(ge=1)] = 8,
        rounds: Annotated[int, Field(ge=1)] = 2,
        readout: Literal["query", "mean"] = "query",
        heads: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Literal["learned", "none"] = "learned",
    ) -> None:
        super().__init__()
        check_heads("fusion latent", dim, heads)
        self.inputs, deep = tuple(inputs), 2 * rounds
        self.marked = Marked(len(inputs), dim, missing == "learned")
        self.latents_ND = nn.Parameter(torch.randn(latents, dim) * 0.02)
        cross = (CrossBlock(dim, heads, layers=deep, dropout=dropout) for _ in range(rounds))
        own = (Block(dim, heads, layers=deep, dropout=dropout) for _ in range(rounds))
        self.reading, self.settling = nn.ModuleList(cross), nn.ModuleList(own)
        asks = readout == "query"
        self.query_D = nn.Parameter(torch.randn(dim) * 0.02) if asks else None
        self.answer = CrossBlock(dim, heads, dropout=dropout) if asks else None
        self.norm = nn.LayerNorm(dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        tokens = joined(self.marked([inputs[name] for name in self.inputs]))
        rows = tokens.values.shape[0]
        latents = alone(self.latents_ND, rows, tokens.values)
        x_BND = latents.values
        for reading, settling in zip(self.reading, self.settling, strict=True):
            x_BND = settling(reading(x_BND, tokens.values, tokens.mask), latents.mask)
        y_BD = self.norm(self._asked(x_BND, latents.mask))
        return Fused(led(y_BD, Tokens(x_BND, latents.mask)), dict(inputs), readout=y_BD)

    def _asked(self, x_BND: Tensor, real_BN: Tensor) -> Tensor:
        """(B, D): what the query reads of the latents, or their mean."""
        if self.query_D is None or self.answer is None:
            return x_BND.mean(1)
        query = alone(self.query_D, x_BND.shape[0], x_BND)
        answer_B1D: Tensor = self.answer(query.values, x_BND, real_BN)
        return answer_B1D[:, 0]
