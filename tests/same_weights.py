"""The same weights in an independent implementation: what tests of encoders share."""

from typing import Any

import torch
from torch import Tensor, nn

from sensorium.nn.norm import MaskedBatchNorm
from sensorium.types import Arrays, Facts

PICTURE: Facts = {"layout": "grid", "channels": 3, "height": 32, "width": 32, "timed": False}


def shaken(net: nn.Module, size: float = 0.3) -> Any:
    """The module in use, its weights and running statistics random: nothing hides behind 0 or 1."""
    torch.manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn_like(p) * (size if p.ndim < 2 else size / p[0].numel() ** 0.5 * 2))
        for norm in (m for m in net.modules() if isinstance(m, MaskedBatchNorm)):
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 2)
    return net.eval()


def pictures(rows: int = 2, side: int = 32) -> Arrays:
    values = torch.randn(rows, 3, side, side, generator=torch.Generator().manual_seed(1))
    return Arrays(values, torch.ones(rows, dtype=torch.bool))


def renamed(state: dict[str, Tensor], *pairs: tuple[str, str]) -> dict[str, Tensor]:
    """Weights under other names, replaced part by part, without those counters that torch adds."""
    found = {}
    for name, value in state.items():
        for old, new in pairs:
            name = name.replace(old, new)
        found[name] = value
    return found


def loaded(theirs: nn.Module, state: dict[str, Tensor]) -> Any:
    """Their module with exactly these weights, in use."""
    counters = {n: t for n, t in theirs.state_dict().items() if n.endswith("num_batches_tracked")}
    theirs.load_state_dict(state | counters)
    return theirs.eval()


def near(got: Tensor, wanted: Tensor) -> None:
    assert float(wanted.detach().abs().max()) > 0.1
    torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5)
