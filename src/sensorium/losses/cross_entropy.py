from typing import Annotated

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from sensorium.losses._base import Loss
from sensorium.losses._one import class_weights, true_labels
from sensorium.types import Arrays, Facts


class CrossEntropy(Loss):
    """-log(probability of the true label): numbers (B, K) as logits, target int64 (B,) -> (B,).

    ``facts["class_weights"]`` (K numbers), where the plan asks for them, multiply each label's share.
    Smoothing is that of Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7.

    Choices:
        smoothing: The share of each true label that is spread evenly over all labels.
    """

    class_weights: Tensor | None

    def __init__(self, facts: Facts, *, smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("class_weights", class_weights(facts), persistent=False)

    def forward(self, numbers: Tensor, target: Arrays) -> Tensor:
        return functional.cross_entropy(
            numbers.float(), true_labels(target), self.class_weights, reduction="none",
            label_smoothing=self.smoothing,
        )  # fmt: skip
