"""Letters: B rows, M inputs, D dim."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.fusion._base import Fusion
from sensorium.nn.summaries import Maps, Missing, Summaries, alone
from sensorium.types import Fused, Tokens


class StackRecurrent(Fusion):
    """A gated recurrent unit, GRU (Cho et al. 2014, eq. 5 to 8), over the inputs as steps, in plan order.

    A step is W_m h_m + b_m, of the input's normalised mean or missing vector. The last state of each
    direction, side by side, is mapped to D. The joint is one token, always real. Without learned vectors a
    missing input is no step: the state goes past it as it was.

    Choices:
        layers: recurrent layers, each over the states of the one before.
        both_ways: whether a second unit reads the inputs from the last to the first.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, no step.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        layers: Annotated[int, Field(ge=1)] = 1,
        both_ways: bool = True,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.maps, self.ways = Maps(len(inputs), dim, dim), 2 if both_ways else 1
        self.cells = nn.ModuleList(
            nn.ModuleList(nn.GRUCell(dim * (self.ways if layer else 1), dim) for _ in range(self.ways))
            for layer in range(layers)
        )
        self.out = nn.Linear(dim * self.ways, dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        steps = list(self.maps(x_BMD).unbind(1))
        used = [there_B.unsqueeze(1) for there_B in used_BM.unbind(1)]
        for layer in self.cells:
            assert isinstance(layer, nn.ModuleList)
            ways = [read(cell, steps, used, backwards=way == 1) for way, cell in enumerate(layer)]
            steps = [torch.cat(states, 1) for states in zip(*ways, strict=True)]
        last = [states[0 if way else -1] for way, states in enumerate(ways)]
        return alone(self.out(torch.cat(last, 1)), inputs)


def read(cell: nn.Module, steps: list[Tensor], used: list[Tensor], backwards: bool) -> list[Tensor]:
    """The state after every step, in the steps' order; steps that are not used leave it as it was."""
    assert isinstance(cell, nn.GRUCell)
    state = steps[0].new_zeros(len(steps[0]), cell.hidden_size)
    found: list[Tensor] = []
    order = range(len(steps))
    for place in reversed(order) if backwards else order:
        state = torch.where(used[place], cell(steps[place], state).to(state.dtype), state)
        found.append(state)
    return found[::-1] if backwards else found
