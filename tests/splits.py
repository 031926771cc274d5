"""What tests of splits share: small tables, the three parts as lists, and what every split must keep."""

import itertools
from typing import Any

import numpy as np
import pytest

from sensorium.errors import DataError, PlanError
from sensorium.table.memory import columns_in
from sensorium.table.split import Split, divide
from sensorium.table.table import Table

SHARES = (0.7, 0.15, 0.15)


def table(**columns: object) -> Table:
    return Table.of(columns_in(columns, "T"), "T")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def parts(split: Split) -> list[list[int]]:
    return [p.tolist() for p in (split.train, split.val, split.test)]


def check(split: Split, rows: int) -> None:
    """Every row is in one part, each part is ascending."""
    assert sorted(itertools.chain(*parts(split))) == list(range(rows))
    assert all(part == sorted(part) for part in parts(split))
    assert {p.dtype for p in (split.train, split.val, split.test)} == {np.dtype(np.int64)}


def error(*args: Any, **options: Any) -> str:
    with pytest.raises((DataError, PlanError)) as caught:
        divide(*args, **options)
    return str(caught.value)
