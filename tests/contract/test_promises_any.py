"""Any rows with any cells there, missing or corrupt, in any order, repeated, alone or in a batch of any size:
the same answers, over every modality, fusion and task. No component is named."""

from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from sensorium.fusion import fusions
from sensorium.modalities import modalities
from sensorium.table.packed import Cell
from sensorium.tasks import tasks
from sensorium.types import Fused, Tokens
from tiny import ROWS, pairwise, table_of

from .test_promises import COLUMNS, Case, answered, near, predictor, product, spoiled

THERE, MISSING, CORRUPT = range(3)
Row = tuple[int, tuple[int, ...]]
"""Which row, and what becomes of each of its cells."""

STATES = st.tuples(*[st.sampled_from((THERE, THERE, MISSING, CORRUPT)) for _ in COLUMNS])
ASKED = st.lists(st.tuples(st.integers(0, ROWS - 1), STATES), min_size=4, max_size=8)
BATCHES = st.sampled_from((256, 256, 3, 2, 1))
COVER = [Case(*one) for one in pairwise(modalities.names(), fusions.names(), tasks.names())]
QUIET = (HealthCheck.too_slow, HealthCheck.differing_executors)


class Answers:
    """One predictor's answers to rows whose cells are there, missing or corrupt."""

    def __init__(self, case: Case) -> None:
        self.case, self.columns = case, case.columns
        self.broken: dict[str, Cell] = {c: spoiled(case) for c in COLUMNS}
        self.broken["figure"] = "neither here nor there"
        self.known: dict[Row, np.ndarray] = {}

    def cell(self, column: str, row: int, state: int) -> Cell:
        return (self.columns[column][row], None, self.broken[column])[state]

    def of(self, rows: list[Row], batch: int = 256) -> np.ndarray:
        """(n, W): the answers of these rows together, so many at a time."""
        made = {
            c: [self.cell(c, row, states[place]) for row, states in rows] for place, c in enumerate(COLUMNS)
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sensorium.network.ANSWER_ROWS", batch)
            return answered(self.case, table_of(made))

    def alone(self, row: Row) -> np.ndarray:
        """(W,): the answer of one row alone; a corrupt cell is given as a missing one."""
        number, states = row
        whole = (number, tuple(min(state, MISSING) for state in states))
        if whole not in self.known:
            self.known[whole] = self.of([whole])[0]
        return self.known[whole]

    def check(self, rows: list[Row], batch: int) -> None:
        near(self.of(rows, batch), np.stack([self.alone(row) for row in rows]))
        prior = predictor(self.case).facts["targets"]["y"]["prior"]
        for row in rows:
            if THERE not in [s for c, s in zip(COLUMNS, row[1], strict=True) if self.there(c, row[0])]:
                assert self.alone(row).tolist() == prior

    def there(self, column: str, row: int) -> bool:
        return self.columns[column][row] is not None


@pytest.mark.parametrize("case", COVER, ids=str)
def test_any_rows_lacking_anything_are_answered_as_alone(case: Case) -> None:
    answers = Answers(case)

    @seed(crc32(str(case).encode()))
    @settings(max_examples=5, suppress_health_check=QUIET)
    @given(ASKED, BATCHES)
    def holds(rows: list[Row], batch: int) -> None:
        answers.check(rows, batch)

    holds()


@pytest.mark.full
@pytest.mark.parametrize("case", product(), ids=str)
def test_any_rows_of_the_whole_product_are_answered_as_alone(case: Case) -> None:
    answers = Answers(case)

    @seed(crc32(str(case).encode()))
    @settings(max_examples=40, suppress_health_check=QUIET)
    @given(ASKED, BATCHES)
    def holds(rows: list[Row], batch: int) -> None:
        answers.check(rows, batch)

    holds()


def test_the_cover_holds_every_modality_fusion_and_task() -> None:
    assert {c.modality for c in COVER} == set(modalities.names())
    assert {c.fusion for c in COVER} == set(fusions.names())
    assert {c.task for c in COVER} == set(tasks.names())


def test_a_fusion_that_lets_rows_see_each_other_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    case = COVER[0]
    answers = Answers(case)
    found = type(predictor(case).member.model.fusion).forward  # type: ignore[attr-defined]

    def mixed(self: object, inputs: dict[str, Tokens]) -> Fused:
        fused: Fused = found(self, inputs)
        assert fused.readout is not None
        return replace(fused, readout=fused.readout + 1e-3 * fused.readout.flip(0))

    monkeypatch.setattr(type(predictor(case).member.model.fusion), "forward", mixed)  # type: ignore[attr-defined]
    rows: list[Row] = [(0, (THERE,) * 3), (1, (THERE, MISSING, THERE))]
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        answers.check(rows, 256)
