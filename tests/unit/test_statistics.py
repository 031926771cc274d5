"""Statistics are made once, when asked for, and follow the rows."""

import numpy as np

from sensorium.table.packed import MISSING, PRESENT, Packed
from sensorium.table.prepared import Prepared
from sensorium.table.statistics import Statistics


def test_statistics_are_made_once_for_all_views() -> None:
    made = []

    def make() -> tuple[Packed, ...]:
        made.append(1)
        return (Packed(np.arange(4.0)[:, None], np.full(4, PRESENT, np.uint8)),)

    whole = Statistics(make)
    assert not made
    some = whole.rows(np.array([3, 1, 0])).rows(np.array([1, 2]))
    (part,) = some.parts()
    assert part.values[part.records(), 0].tolist() == [1.0, 0.0]
    (every,) = whole.parts()
    assert len(every) == 4
    (gone,) = some.hidden().parts()
    assert gone.row_status().tolist() == [MISSING, MISSING]
    (later,) = whole.hidden().rows(np.array([2])).parts()
    assert later.row_status().tolist() == [MISSING]
    assert len(made) == 1


def test_rows_without_statistics_are_read_as_they_are() -> None:
    part = Packed(np.arange(3.0)[:, None], np.full(3, PRESENT, np.uint8))
    data = Prepared(
        np.arange(3), {"a": (part,), "b": (part,)}, statistics={"b": Statistics(lambda: (part, part))}
    )
    assert data.plain("a") == (part,)
    assert len(data.plain("b")) == 2
    assert len(data.hiding(["b"]).plain("b")[0]) == 3
    assert data.hiding(["b"]).plain("b")[0].row_status().tolist() == [MISSING] * 3
