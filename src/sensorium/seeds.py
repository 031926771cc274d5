"""One generator per use, all from one seed, so that a new use changes no other use's numbers."""

import hashlib

import numpy as np
import torch


def number(seed: int, use: str) -> int:
    """A 63-bit seed for one named use (``"split"``, ``"weights"``); the same on every machine."""
    digest = hashlib.sha256(f"{seed}:{use}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(seed: int, use: str) -> np.random.Generator:
    """A numpy generator for one named use."""
    return np.random.default_rng(number(seed, use))


def torch_generator(seed: int, use: str, device: str = "cpu") -> torch.Generator:
    """A torch generator for one named use."""
    return torch.Generator(device=device).manual_seed(number(seed, use))
