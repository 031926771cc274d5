"""Inspecting a table warns when its empty cells predict the target."""

import numpy as np
import pytest

from sensorium.inspect_table import inspect
from sensorium.load_table import load_table
from sensorium.table.packed import Cell

ROWS = 300


def made(bond: bool) -> dict[str, list[Cell]]:
    """An age that is missing by chance, a scan that is missing for the healthy (or by chance)."""
    rng = np.random.default_rng(0)
    ill = rng.random(ROWS) < 0.4
    lacks = rng.random(ROWS) < (np.where(ill, 0.05, 0.6) if bond else 0.3)
    return {
        "age": [None if rng.random() < 0.2 else float(rng.integers(20, 80)) for _ in range(ROWS)],
        "scan": [None if gone else float(rng.normal()) for gone in lacks],
        "ill": [None if row == 5 else "yes" if one else "no" for row, one in enumerate(ill)],
        "cost": [float(np.exp(rng.normal()) + 5 * one) for one in ill],
    }


def told(table: dict[str, list[Cell]], target: str) -> list[str]:
    found = inspect(load_table(table), target)
    return [text for text in found.warnings if "predicts" in text]


def test_empty_cells_that_predict_a_label_or_a_number_are_told() -> None:
    labels = {name: cells for name, cells in made(True).items() if name != "cost"}
    (text,) = told(labels, "ill")
    assert text.startswith("what is missing predicts 'ill': rows without 'scan' (")
    assert "of 299) are 'yes' in 2.6% of cases, others in 54.4%" in text
    assert "(permutation test, p = 0.001)" in text
    numbers = {name: cells for name, cells in made(True).items() if name != "ill"}
    (text,) = told(numbers, "cost")
    assert text.startswith("what is missing predicts 'cost': rows without 'scan' (")
    assert "have a median of" in text


@pytest.mark.parametrize("target", ["ill", "cost"])
def test_empty_cells_by_chance_are_not_told(target: str) -> None:
    assert told(made(False), target) == []


def test_a_target_that_cannot_be_learned_is_told_by_its_own_report_alone() -> None:
    assert told(made(True) | {"ill": ["yes"] * ROWS}, "ill") == []
