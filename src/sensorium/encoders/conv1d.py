"""Letters: B rows, T steps, F features, E width of a step, C channels, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.frames import marked
from sensorium.nn.pool import highest
from sensorium.types import Arrays, Facts, Layout, Tokens


class Conv1d(Encoder):
    """Convolutions of several lengths side by side over ids or frames (Kim 2014, eq. 1 to 4).

    ids (B, T) or frames (B, T, F), gaps marked; times are not read: a step is a step. Each length has its own
    filters; the pooled token is made of each filter's highest value over real steps.

    Choices:
        tokens: pooled (one token) or sequence (one a step).
        kernel: steps of the shortest convolution.
        lengths: how many convolutions, each a step longer than the last.
        filters: of each length.
        width: size of an id's vector (ids only; frames enter as they are).
        dropout: chance that a filter's value is dropped in training (the paper: 0.5).
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("ids", "frames")

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "sequence"] = "pooled",
        kernel: Annotated[int, Field(ge=1)] = 3,
        lengths: Annotated[int, Field(ge=1, le=16)] = 3,
        filters: Annotated[int, Field(ge=1)] = 100,
        width: Annotated[int, Field(ge=1)] = 64,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3,
    ) -> None:
        super().__init__()
        of_ids = facts["layout"] == "ids"
        self.table = nn.Embedding(int(facts["vocabulary"]), width) if of_ids else None
        enters = width if of_ids else 2 * int(facts["features"])
        self.convs = nn.ModuleList(nn.Conv1d(enters, filters, kernel + more) for more in range(lengths))
        for conv in self.convs:
            assert isinstance(conv, nn.Conv1d)
            nn.init.kaiming_uniform_(conv.weight, nonlinearity="relu")
        self.pooled, self.dropout = tokens == "pooled", nn.Dropout(dropout)
        self.out = nn.Linear(lengths * filters, dim)

    def forward(self, x: Arrays) -> Tokens:
        values_BTE, mask_BT = self._entered(x)
        values_BET = values_BTE.transpose(1, 2)
        found_BCT = torch.cat([_same_length(conv, values_BET) for conv in self.convs], 1)
        h_BTC = F.relu(found_BCT).transpose(1, 2)
        if self.pooled:
            token_BD = self.out(self.dropout(highest(h_BTC, mask_BT)))
            return Tokens(token_BD.unsqueeze(1), mask_BT.any(1, keepdim=True)).clean()
        return Tokens(self.out(self.dropout(h_BTC)), mask_BT).clean()

    def _entered(self, x: Arrays) -> tuple[Tensor, Tensor]:
        """Vectors of steps (B, T, E), zero where nothing is real, and the steps that are."""
        if self.table is None:
            return marked(x)
        e_BTE = self.table(torch.where(x.mask, x.values, torch.zeros_like(x.values)))
        return torch.where(x.mask.unsqueeze(-1), e_BTE, torch.zeros_like(e_BTE)), x.mask


def _same_length(conv: nn.Module, x_BET: Tensor) -> Tensor:
    """A convolution whose step t sees as many steps before as after t (one more after, for even kernels)."""
    assert isinstance(conv, nn.Conv1d)
    reach = conv.kernel_size[0] - 1
    y_BCT: Tensor = conv(F.pad(x_BET, (reach // 2, reach - reach // 2)))
    return y_BCT
