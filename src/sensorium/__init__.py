"""Sensorium: multimodal machine learning on tables. Every public name loads when it is first used."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sensorium.api import Learner as Learner
    from sensorium.api import load as load
    from sensorium.errors import BundleError as BundleError
    from sensorium.errors import DataError as DataError
    from sensorium.errors import MissingExtra as MissingExtra
    from sensorium.errors import PlanError as PlanError
    from sensorium.errors import SensoriumError as SensoriumError
    from sensorium.errors import ShapeError as ShapeError
    from sensorium.errors import TrainingError as TrainingError
    from sensorium.registry import register as register
    from sensorium.results import Report as Report

_HOMES = {
    "Learner": "sensorium.api",
    "Report": "sensorium.results",
    "load": "sensorium.api",
    "register": "sensorium.registry",
    "BundleError": "sensorium.errors",
    "DataError": "sensorium.errors",
    "MissingExtra": "sensorium.errors",
    "PlanError": "sensorium.errors",
    "SensoriumError": "sensorium.errors",
    "ShapeError": "sensorium.errors",
    "TrainingError": "sensorium.errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Load a public name from its home and keep it: PEP 562."""
    if name == "__version__":
        value: object = importlib.import_module("importlib.metadata").version("sensorium")
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'sensorium' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *(name for name in globals() if name.startswith("__")), "__version__"])
