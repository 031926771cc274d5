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
    changed = [f"{what}: {before[what]} -> {after[what]}" for what in before if before[what] != after[what]]
    assert not changed, f"the test left something behind: {changed}"


def _shared() -> dict[str, object]:
    added = {folder: sorted(family_of(folder)._added) for folder in FAMILIES}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    torch_state = (torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled())
    return {
        "folder": os.getcwd(),
        "environment": environment,
        "torch": (*torch_state, torch.are_deterministic_algorithms_enabled()),
        "families": added,
    }
