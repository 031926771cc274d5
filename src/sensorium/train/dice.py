"""The states of torch's own random generators, on the processor and on every GPU."""

from collections.abc import Sequence

import torch
from torch import Tensor


def devices() -> list[int]:
    """The GPUs whose generators training may use."""
    return list(range(torch.cuda.device_count()))


def rolled() -> list[Tensor]:
    """The processor's state, then each GPU's."""
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state(n) for n in devices())]


def put_back(states: Sequence[Tensor]) -> None:
    """Set what ``rolled`` told; GPUs that were not there then keep theirs, and lost ones are left out."""
    torch.set_rng_state(states[0])
    for number, state in zip(devices(), states[1:], strict=False):
        torch.cuda.set_rng_state(state, number)
