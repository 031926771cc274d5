"""Letters: B rows, M inputs, T tokens, S steps, D dim."""

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, alone, joined, led
from sensorium.nn.attention import Block, check_heads
from sensorium.types import Fused, Tokens


class Early(Fusion):
    """Early fusion: one Transformer from the first layer on, for encoders that give raw tokens.

    ``join: tokens`` is a single stream (Kim 2021, ViLT, section 3.1): every token of every input, with a
    vector of its input and its place within the input (waves, Vaswani 2017, section 3.5; rows and
    columns for the cells of a map), reads every other one. ``join: steps`` is the concatenation of
    inputs (EF in Tsai 2019, section 4.2): the inputs run side by side over a row's own span, of which
    step s of S shows token floor(s n / S) of an input with n tokens, S being the row's longest; one
    affine map makes a step of them. So equal lengths are matched one to one, an input of one token
    stands at every step, and a missing one is its learned vector there, or zeros. The readout is a token
    of its own, first of the joint.

    It differs from ``attend`` in what raw tokens need: places, which encoders with layers of their own
    have put in already, and depth. It has no gated perceptron beside it.

    Choices:
        join: tokens (all of them in one row of tokens) or steps (inputs side by side, step by step).
        layers: Transformer layers.
        heads: attention heads; they must divide the dim.
        dropout: chance that a unit of a layer's output is dropped in training.
        missing: what a missing input is: learned, a token of its own, or none: no token, or zeros in steps.
    """

    cost: ClassVar[str] = "inputs^2 tokens^2"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        join: Literal["tokens", "steps"] = "tokens",
        layers: Annotated[int, Field(ge=1)] = 4,
        heads: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Literal["learned", "none"] = "learned",
    ) -> None:
        super().__init__()
        check_heads("fusion early", dim, heads)
        self.inputs = tuple(inputs)
        self.marked = Marked(len(inputs), dim, missing == "learned")
        self.side = nn.Linear(len(inputs) * dim, dim) if join == "steps" else None
        self.readout_D = nn.Parameter(torch.randn(dim) * 0.02)
        self.blocks = nn.ModuleList(Block(dim, heads, layers=layers, dropout=dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        marked = self.marked([inputs[name] for name in self.inputs])
        body = joined([_placed(t) for t in marked]) if self.side is None else self._steps(self.side, marked)
        tokens = joined([alone(self.readout_D, body.mask.shape[0], body.values), body])
        x_BTD = tokens.values
        for block in self.blocks:
            x_BTD = block(x_BTD, tokens.mask)
        x_BTD = self.norm(x_BTD)
        rest = Tokens(x_BTD[:, 1:], body.mask)
        return Fused(led(x_BTD[:, 0], rest), dict(inputs), readout=x_BTD[:, 0])

    def _steps(self, side: nn.Linear, marked: list[Tokens]) -> Tokens:
        """The inputs side by side over each row's longest span, mapped to D and placed."""
        longest_B1 = torch.stack([t.mask.sum(1, keepdim=True) for t in marked]).amax(0)
        steps = max(t.mask.shape[1] for t in marked)
        x_BSD = side(torch.cat([_spread(t, longest_B1, steps) for t in marked], -1))
        mask_BS = torch.arange(steps, device=x_BSD.device) < longest_B1
        return _placed(Tokens(x_BSD, mask_BS))


def _spread(tokens: Tokens, longest_B1: Tensor, steps: int) -> Tensor:
    """(B, S, D): a row's n real tokens over its longest n, each in its order; zeros where it has none."""
    count_B1 = tokens.mask.sum(1, keepdim=True)
    step_S = torch.arange(steps, device=count_B1.device)
    wanted_BS = torch.div(step_S * count_B1, longest_B1.clamp(min=1), rounding_mode="floor")
    wanted_BS = torch.minimum(wanted_BS, (count_B1 - 1).clamp(min=0))
    real_first_BT = (~tokens.mask).long().argsort(dim=1, stable=True)
    place_BS = real_first_BT.gather(1, wanted_BS)
    return tokens.values.gather(1, place_BS.unsqueeze(-1).expand(-1, -1, tokens.values.shape[-1]))


def _placed(tokens: Tokens) -> Tokens:
    """The tokens with waves of their places added, rows and columns where they are the cells of a map."""
    like = tokens.values
    length, dim = like.shape[1:]
    if tokens.grid is None:
        waves_TD = _waves(torch.arange(length, device=like.device), dim)
    else:
        cell_T, half = torch.arange(length, device=like.device), dim // 2
        across = tokens.grid[1]
        waves_TD = torch.cat([_waves(cell_T // across, half), _waves(cell_T % across, dim - half)], -1)
    return Tokens(like + waves_TD.to(like.dtype), tokens.mask).clean()


def _waves(place_T: Tensor, dim: int) -> Tensor:
    """(T, D): sines, then cosines of each place; wave lengths from 2 pi to 10,000 x 2 pi."""
    rates = max(1, (dim + 1) // 2)
    rate = torch.exp(torch.arange(rates, device=place_T.device) * (-math.log(10_000.0) / rates))
    angle = place_T[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], -1)[:, :dim]
