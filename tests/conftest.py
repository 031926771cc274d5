"""What every test starts from: one thread, its own seed, and nothing left behind."""

import hashlib
import os
import random
from collections.abc import Iterator

import hypothesis
import numpy as np
import pytest
import torch

from sensorium.options import family_of
from sources import FAMILIES

FREE = ("PYTEST_", "KMP_", "TORCHINDUCTOR_")
"""Variables that pytest, OpenMP and torch set by themselves."""

torch.set_num_threads(1)
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, database=None, max_examples=30)
hypothesis.settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def seeded(request: pytest.FixtureRequest) -> None:
    """The global generators start from the test's own name: its order and its worker change nothing."""
    digest = hashlib.sha256(request.node.nodeid.encode()).digest()
    seed = int.from_bytes(digest[:4], "little")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """A test leaves the folder, the environment, torch's settings and the families as it found them."""
    before = _shared()
    yield
    after = _shared()
    os.chdir(str(before["folder"]))
    torch.set_num_threads(1)
    changed = sorted(what for what in {*before, *after} if before.get(what) != after.get(what))
    told = [f"{what}: {before.get(what)!r} -> {after.get(what)!r}" for what in changed]
    assert not told, f"the test left something behind: {told}"


def _shared() -> dict[str, object]:
    found: dict[str, object] = {f"variable {k}": v for k, v in os.environ.items() if not k.startswith(FREE)}
    found |= {f"added {folder}": sorted(family_of(folder)._added) for folder in FAMILIES}
    return found | {
        "folder": os.getcwd(),
        "dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }
