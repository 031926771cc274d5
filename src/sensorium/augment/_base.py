"""What an augmentation is: arrays of a training batch -> changed arrays of the same layout."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch

from sensorium.types import Arrays, Layout


class Augment(ABC):
    """Changes a training batch of one input, on tensors after the front. ``__init__(self, *, choices)``.

    Every row draws its own change from ``generator``; rows never mix; masks stay true. ``layouts``
    and ``timed`` say what it can act on: grids of pictures (timed False) or of sounds (timed True).
    """

    layouts: ClassVar[tuple[Layout, ...]]
    timed: ClassVar[bool | None] = None
    """For grids: True acts on sounds only, False on pictures only, None on both."""

    @abstractmethod
    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays: ...
