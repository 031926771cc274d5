"""Cells that hold several media or texts: every modality that allows it, found by the family, not by name."""

import numpy as np
import pytest

from sensorium.modalities import modalities
from sensorium.prepare import prepare
from sensorium.table.packed import MISSING, PRESENT, Cell
from tiny import asked, numbers_of, plan_of, table_of, untrained

NAMES = [name for name in modalities.names() if modalities.get(name).holds_several()]
COUNTS = [2, 1, 0, 3, 2, 1]


def columns(name: str) -> dict[str, list[Cell]]:
    rng = np.random.default_rng(0)
    made = iter(modalities.get(name).fake(rng, sum(COUNTS)))
    lists: list[Cell] = [[next(made) for _ in range(count)] or None for count in COUNTS]
    return {"many": lists, "figure": [float(x) for x in rng.normal(size=len(COUNTS))], "y": ["a", "b"] * 3}


@pytest.mark.parametrize("name", NAMES)
def test_lists_are_parts_of_one_input_and_rows_stay_independent(name: str) -> None:
    plan = plan_of({"many": asked(name), "figure": asked("number")}, "classify")
    made = columns(name)
    table = table_of(made)
    predictor = untrained(plan, table)
    assert predictor.facts["inputs"]["many"]["many"]["several"]["most"] == 3
    data = prepare(plan, predictor.facts, table, answering=True)
    assert len(data.inputs["many"]) == 3
    for place, part in enumerate(data.inputs["many"]):
        assert part.row_status().tolist() == [PRESENT if n > place else MISSING for n in COUNTS]
    whole = numbers_of(predictor, table)
    assert np.isfinite(whole).all()
    for row in range(len(COUNTS)):
        alone = numbers_of(predictor, table.take([row]))
        np.testing.assert_allclose(alone, whole[[row]], rtol=0, atol=1e-5)
    fewer = made | {"many": [cells[:-1] if cells else None for cells in made["many"]]}  # type: ignore[index]
    changed = np.abs(numbers_of(predictor, table_of(fewer)) - whole).max(1) > 1e-6
    assert changed.tolist() == [n > 0 for n in COUNTS]
