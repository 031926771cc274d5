"""Made-up arrays of every layout, with the facts that a modality would tell an encoder.

Six rows: the last is missing, the others differ in length, and some of their features are missing.
"""

import inspect
import types
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import torch
from torch import Tensor, nn
from torch.utils import _pytree

from sensorium.encoders import encoders
from sensorium.options import Factory
from sensorium.types import Arrays, Facts, Json, Layout

ROWS, STEPS, DIM = 6, 9, 8
LENGTHS = torch.tensor([9, 4, 1, 6, 2, 0])
STEP_MASK = torch.arange(STEPS) < LENGTHS[:, None]
PRESENT = LENGTHS > 0
FEATURE_MASK = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 1, 1], [0, 0, 0]]).bool()


@dataclass(frozen=True)
class Case:
    """One kind of arrays. time: the axis of values that may be padded, or None."""

    name: str
    facts: Facts
    arrays: Arrays
    time: int | None = None

    @property
    def layout(self) -> Layout:
        found: Layout = self.facts["layout"]
        return found


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(7))


def cases() -> list[Case]:
    ids = torch.randint(2, 30, (ROWS, STEPS), generator=torch.Generator().manual_seed(8))
    scalar = {"layout": "scalar", "features": 3, "bins": [[-1.0, 0.0, 1.0]] * 3}
    index = torch.tensor([[0, 3, 1], [2, 0, 4], [1, 1, 0], [0, 2, 2], [2, 3, 3], [0, 0, 0]])
    frames = {"layout": "frames", "features": 3}
    deep = STEP_MASK.unsqueeze(-1) & (normal(ROWS, STEPS, 3) > -1)
    deep[:5, 0] = FEATURE_MASK[:5]
    picture = {"layout": "grid", "channels": 3, "height": 16, "width": 17, "timed": False}
    sound = {"layout": "grid", "channels": 1, "height": 16, "width": STEPS, "timed": True}
    clip = {"layout": "clip", "channels": 3, "height": 10, "width": 9, "longest": STEPS}
    return [
        Case("scalar", scalar, Arrays(normal(ROWS, 3), FEATURE_MASK)),
        Case("index", {"layout": "index", "sizes": [3, 4, 5]}, Arrays(index, FEATURE_MASK)),
        Case("ids", {"layout": "ids", "vocabulary": 30, "longest": STEPS}, Arrays(ids, STEP_MASK), 1),
        Case("frames", frames, Arrays(normal(ROWS, STEPS, 3), STEP_MASK), 1),
        Case("frames with gaps", frames, Arrays(normal(ROWS, STEPS, 3), deep), 1),
        Case("pictures", picture, Arrays(normal(ROWS, 3, 16, 17), PRESENT)),
        Case("sounds", sound, Arrays(normal(ROWS, 1, 16, STEPS), STEP_MASK), 3),
        Case("clips", clip, Arrays(normal(ROWS, STEPS, 3, 10, 9), STEP_MASK), 1),
    ]


def told(kind: type) -> dict[str, tuple[Any, Json]]:
    """{choice: (its type without limits, its default)} of a component's constructor."""
    parameters = inspect.signature(kind).parameters.values()
    found = {}
    for p in (p for p in parameters if p.kind is p.KEYWORD_ONLY):
        bare = get_args(p.annotation)[0] if hasattr(p.annotation, "__metadata__") else p.annotation
        found[p.name] = (bare, p.default)
    return found


def others(bare: Any, default: Json) -> list[Json]:
    """Some values of a choice other than its default."""
    if get_origin(bare) in (Union, types.UnionType):
        return [v for part in get_args(bare) for v in others(part, default)]
    if hasattr(bare, "__metadata__"):
        return others(get_args(bare)[0], default)
    if get_origin(bare) is Literal:
        return [v for v in get_args(bare) if v != default]
    if bare is Factory:
        return [one for one in nested() if one.name != default.name and alike(one, default)]
    if bare is bool:
        return [not default]
    if bare is int:
        return [int(default) + 1, int(default) * 2 or 4]
    return [float(default) / 2 + 0.1 if isinstance(default, int | float) else 2.5]


def nested() -> list[Factory]:
    """Every encoder that could be a part of another one."""
    return [Factory("encoders", name) for name in encoders.names()]


def alike(one: Factory, other: Factory) -> bool:
    """Whether two encoders read the same arrays."""
    return bool(set(one.component().accepts) & set(other.component().accepts))


def variants(kind: type) -> list[dict[str, Json]]:
    """The defaults, and each word-like or yes-no choice turned to each of its other values."""
    found: list[dict[str, Json]] = [{}]
    for name, (bare, default) in told(kind).items():
        found += [{name: v} for v in others(bare, default) if isinstance(v, str | bool)]
    return found


def selected(x: Arrays, rows: Tensor) -> Arrays:
    return Arrays(x.values[rows], x.mask[rows])


def alone(case: Case, row: int) -> Arrays:
    """One row, cut to its own length."""
    x = selected(case.arrays, torch.tensor([row]))
    if case.time is None:
        return x
    steps = max(1, int(LENGTHS[row]))
    return Arrays(x.values.narrow(case.time, 0, steps), x.mask[:, :steps])


def padded(case: Case, steps: int = 5) -> Arrays:
    """The same rows with more steps that are not real."""
    assert case.time is not None
    x = case.arrays
    extra = x.values.narrow(case.time, 0, steps)
    more = torch.zeros_like(x.mask[:, :steps])
    return Arrays(torch.cat([x.values, extra], case.time), torch.cat([x.mask, more], 1))


def wide(x: Arrays) -> Tensor:
    """The mask in the shape of the values."""
    mask, values = x.mask, x.values
    if mask.ndim == values.ndim:
        return mask
    if values.ndim == 4 and mask.ndim == 2:
        return mask[:, None, None, :].expand(values.shape)
    return mask.view(*mask.shape, *(1 for _ in values.shape[mask.ndim :])).expand(values.shape)


def spoiled(x: Arrays) -> Arrays:
    """The same arrays with nonsense wherever nothing is real."""
    nonsense = float("nan") if x.values.is_floating_point() else 10**9
    return Arrays(torch.where(wide(x), x.values, torch.full_like(x.values, nonsense)), x.mask)


def quiet(net: nn.Module) -> nn.Module:
    """The module without dropout."""
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return net


def step(net: nn.Module, loss: Tensor, rate: float = 0.05) -> None:
    """One step of plain gradient descent on the weights that may change."""
    weights = [p for p in net.parameters() if p.requires_grad]
    with torch.no_grad():
        for weight, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight -= rate * slope


def close(got: Any, wanted: Any, atol: float = 1e-5) -> None:
    """Every tensor of two results of one structure is as near as asked, and in the same dtype."""
    got_leaves, got_form = _pytree.tree_flatten(got)
    wanted_leaves, wanted_form = _pytree.tree_flatten(wanted)
    assert got_form == wanted_form
    for one, other in zip(got_leaves, wanted_leaves, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=atol)


class Adam:
    """Adam (Kingma 2015, algorithm 1) in a few lines: torch.optim writes to the environment when imported."""

    def __init__(self, net: nn.Module, rate: float) -> None:
        self.weights, self.rate, self.steps = list(net.parameters()), rate, 0
        self.first = [torch.zeros_like(w) for w in self.weights]
        self.second = [torch.zeros_like(w) for w in self.weights]

    def step(self, loss: Tensor) -> None:
        self.steps += 1
        slopes = torch.autograd.grad(loss, self.weights, allow_unused=True)
        with torch.no_grad():
            for w, g, m, v in zip(self.weights, slopes, self.first, self.second, strict=True):
                if g is not None:
                    m.lerp_(g, 0.1)
                    v.lerp_(g * g, 0.001)
                    up = m / (1 - 0.9**self.steps)
                    w -= self.rate * up / ((v / (1 - 0.999**self.steps)).sqrt() + 1e-8)
