"""What the user asks -> a frozen Plan; all problems are raised at once."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from sensorium.options import Nested
from sensorium.types import Json

VERSION = 1

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
AtLeast0 = Annotated[float, Field(ge=0)]
Above0 = Annotated[float, Field(gt=0)]
Beta = Annotated[float, Field(gt=0, lt=1)]
Folds = Annotated[int, Field(ge=2)]


@dataclass(frozen=True, slots=True)
class Choice:
    """A component by name with the user's choices, checked: ``build(family.get(name), ...)``."""

    name: str
    choices: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InputPlan:
    """One or more columns through one encoder."""

    name: str
    columns: tuple[str, ...]
    modality: Choice
    """The modality's choices already hold what the encoder wants (user > encoder > default)."""
    encoder: Choice
    augment: tuple[Choice, ...] = ()
    group: Literal["shared", "joined"] | None = None
    several: int | None = None
    """Media (or texts) of one cell that are read, when cells are lists of them; None: learned, at most 8."""


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """One target column."""

    name: str
    task: Choice
    loss: Choice
    decoder: Choice
    score: str
    """The metric on validation rows that chooses weights, members and ensemble."""
    class_weights: Literal["none", "balanced", "sqrt", "effective"] | Beta = "none"
    """How labels count in the loss: one over their rows, over the root of these, or over the effective number
    of rows; a number is the beta of that, which is 0.999 unless said."""
    weight: AtLeast0 = 1.0
    """The share of this target in the loss."""


@dataclass(frozen=True, slots=True)
class OptimizerPlan:
    """How weights move. rate: at its highest; decay: of matrices; betas: of the moving averages."""

    name: Literal["adamw"] = "adamw"
    rate: Above0 = 3e-3
    decay: AtLeast0 = 0.05
    betas: tuple[Share, Share] = (0.9, 0.98)


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """How networks train. None: decided from the number of rows and inputs, then written down."""

    effort: Literal["fast", "good", "best"] = "good"
    epochs: Count | None = None
    steps: Count | None = None
    batch_rows: Count | None = None
    optimizer: OptimizerPlan = OptimizerPlan()
    warmup: Share = 0.1
    """Share of steps."""
    clip: Above0 = 1.0
    patience: Count | None = None
    """Epochs without a better validation score or loss before stopping; None: a third of the epochs."""
    hide_inputs: Share = 0.15
    """Chance that an input of a row is hidden in training (never all of them)."""
    solo_loss: AtLeast0 = 0.3
    """Share of the single-input heads' auxiliary losses."""
    balance: Choice = Choice("none")
    """How the training of several inputs together keeps each of them learning."""
    doctor: bool | None = None
    """Whether it is told which inputs learn and which do not; None: not at effort fast."""
    mixup: AtLeast0 = 0.0
    """Beta parameter of blending rows; 0 turns it off."""
    cutmix: AtLeast0 = 0.0
    """Beta parameter of pasting boxes of other rows' pictures; 0 turns it off."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    average: Share = 0.0
    """Decay of an exponential moving average of weights; 0 turns it off."""
    folds: Folds | None = None
    """Out-of-fold folds for what feeds another learner; None: 3 at good, 5 at best."""
    refit: bool | None = None
    """Whether what ships learns once more from training and validation rows; None: up to 5,000 rows."""
    rungs: tuple[str, ...] | None = None
    """The rungs of the ladder to climb; None: all that fit."""
    fusions: Annotated[tuple[Choice, ...] | None, Nested("fusion")] = None
    """Fusions that are tried beside the plan's, the losing ones stopped early; None: at best a few."""
    seeds: Count | None = None
    """How often the fusion that is ahead is trained, from other first weights; None: 3 at best, else 1."""
    bag: bool | None = None
    """Whether trees and networks are also trained on all folds but one, in turn, as one; None: at best."""
    late: Annotated[tuple[Choice, ...] | None, Nested("decide")] = None
    """Decision rules to climb, with their choices; None: at best a linear one that learns."""
    retrain: bool | None = None
    """Whether what an input adds is told by training again without it; None: at best. Else it is hidden."""
    time_limit_seconds: Annotated[float, Field(ge=60)] | None = None
    settled: dict[str, dict[str, int]] = field(default_factory=dict)
    """What a time limit or memory decided for each network (steps, batch_rows, stop): replayed."""


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """How rows are divided when the table does not say."""

    how: Literal["auto", "given", "random", "stratified", "group", "time"] = "auto"
    column: str | None = None
    """given: the split column; group: whose values stay whole; time: what orders rows."""
    shares: tuple[AtLeast0, AtLeast0, AtLeast0] = (0.7, 0.15, 0.15)
    folds: Folds | None = None
    """Cross-validation instead of one split; None: 5 under 2,000 rows without a test split."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole request, checked: every name exists, every option has the right type."""

    inputs: dict[str, InputPlan]
    targets: dict[str, TargetPlan]
    fusion: Choice = Choice("attend")
    dim: Count = 64
    seed: Annotated[int, Field(ge=0)] = 0
    train: TrainPlan = TrainPlan()
    split: SplitPlan = SplitPlan()
    weight: str | None = None
    on_corrupt: Literal["missing", "error", "drop"] = "missing"
    version: int = VERSION
