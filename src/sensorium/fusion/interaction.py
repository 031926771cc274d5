"""Letters: B rows, T tokens, D dim, N objects, H hidden units."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, joined
from sensorium.nn.pool import mean, summary
from sensorium.nn.summaries import Missing, alone
from sensorium.types import Fused, Tokens


class Interaction(Fusion):
    """A relation network (Santoro et al. 2017, eq. 1): y = f(mean over all pairs i, j of g(o_i, o_j)).

    The objects are the inputs' means, or all their tokens, normalised and marked with a learned vector of
    their input; both orders and an object with itself are pairs, as in the paper. g and f are perceptrons
    with ReLU. The mean stands for the paper's sum, because the number of real pairs differs from row to row.
    The first layer of g is split over the two objects, so pairs cost memory B N^2 H. The joint is one token,
    always real. Without learned vectors a missing input has no object.

    Choices:
        objects: means, one object an input, or tokens, every token one: costs grow with their square.
        hidden: units of the layers of g and f.
        layers: layers of g.
        dropout: chance that a hidden unit of f is dropped in training.
        missing: what a missing input is: learned, an object of its own, or none, no object at all.
    """

    cost: ClassVar[str] = "inputs^2"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        objects: Literal["means", "tokens"] = "means",
        hidden: Annotated[int, Field(ge=1)] = 128,
        layers: Annotated[int, Field(ge=1)] = 2,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.pooled = objects == "means"
        self.inputs = tuple(inputs)
        self.marked = Marked(len(inputs), dim, missing == "learned")
        self.left, self.right = nn.Linear(dim, hidden), nn.Linear(dim, hidden, bias=False)
        self.further = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers - 1))
        self.inner, self.out = nn.Linear(hidden, hidden), nn.Linear(hidden, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        given = self.marked([inputs[name] for name in self.inputs])
        x = joined([summary(t) for t in given] if self.pooled else given)
        pairs_BNNH = self.relations(x.values)
        real_BNN = x.mask.unsqueeze(2) & x.mask.unsqueeze(1)
        mean_BH = mean(pairs_BNNH.flatten(1, 2), real_BNN.flatten(1))
        return alone(self.out(self.dropout(F.relu(self.inner(mean_BH)))), inputs)

    def relations(self, x_BND: Tensor) -> Tensor:
        """g of every ordered pair of objects (B, N, N, H)."""
        y = F.relu(self.left(x_BND).unsqueeze(2) + self.right(x_BND).unsqueeze(1))
        for layer in self.further:
            y = F.relu(layer(y))
        return y
