"""The three promises over any subset of cells, any order of rows and columns, any columns too many or few."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensorium.batches import Batches
from sensorium.network import Network
from sensorium.predict import AbsentColumn, Predictor, UnusedColumn
from sensorium.prepare import prepare
from sensorium.table.packed import MISSING
from tiny import ROWS, Columns, asked, fakes, numbers_of, plan_of, table_of, untrained

from .test_promises import COLUMNS, near

MIXED = {"first": "category", "second": "text", "figure": "number"}


@lru_cache(maxsize=1)
def mixed() -> tuple[Columns, Predictor, np.ndarray]:
    columns = fakes(MIXED, "regress")
    made = untrained(plan_of({n: asked(k) for n, k in MIXED.items()}, "regress"), table_of(columns))
    return columns, made, numbers_of(made, table_of(columns))


@given(st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=20))
@settings(max_examples=20)
def test_any_rows_in_any_order_and_number_get_their_own_answers(rows: list[int]) -> None:
    columns, made, whole = mixed()
    near(numbers_of(made, table_of(columns).take(rows)), whole[rows])


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=ROWS))
@settings(max_examples=20)
def test_whatever_a_row_lacks_its_neighbours_do_not_notice(there: list[list[bool]]) -> None:
    columns, made, _ = mixed()
    holes = {
        c: [columns[c][row] if keeps[place] else None for row, keeps in enumerate(there)]
        for place, c in enumerate(COLUMNS)
    }
    found = numbers_of(made, table_of(holes))
    prior = made.facts["targets"]["y"]["prior"]
    for row, keeps in enumerate(there):
        near(numbers_of(made, table_of({c: [cells[row]] for c, cells in holes.items()})), found[[row]])
        assert any(keeps) or found[row].tolist() == prior


@given(st.permutations(["first", "second", "figure", "y"]))
@settings(max_examples=10)
def test_the_order_of_columns_does_not_matter(names: list[str]) -> None:
    columns, made, whole = mixed()
    np.testing.assert_array_equal(numbers_of(made, table_of({n: columns[n] for n in names})), whole)


def test_answers_do_not_read_the_truth() -> None:
    columns, made, whole = mixed()
    for table in (table_of(columns), table_of(columns | {"y": [0.0] * ROWS})):
        data = prepare(made.plan, made.facts, table)
        np.testing.assert_array_equal(made.numbers(data).values["y"], whole)


def test_rows_beyond_one_batch_are_answered_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, made, whole = mixed()
    monkeypatch.setattr("sensorium.network.ANSWER_ROWS", 5)
    near(numbers_of(made, table_of(columns)), whole)


def test_a_row_with_nothing_never_enters_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, made, _ = mixed()
    seen: list[int] = []
    cut = Batches.batch
    monkeypatch.setattr(Batches, "batch", lambda self, rows: (seen.extend(rows.tolist()), cut(self, rows))[1])
    holes = {c: [None if r in (4, 9) else x for r, x in enumerate(columns[c])] for c in COLUMNS}
    data = prepare(made.plan, made.facts, table_of(holes), answering=True)
    numbers = made.member.numbers(data)
    assert sorted(seen) == [r for r in range(ROWS) if r not in (4, 9)]
    assert numbers.answered.tolist() == [r not in (4, 9) for r in range(ROWS)]
    seen.clear()
    assert isinstance(made.member, Network)
    features = made.member.features(data)
    assert sorted(seen) == [r for r in range(ROWS) if r not in (4, 9)]
    assert np.isnan(features["first"][[4, 9]]).all()
    assert np.isfinite(np.delete(features["first"], [4, 9], 0)).all()


def test_absent_columns_count_as_missing_with_a_warning() -> None:
    columns, made, _ = mixed()
    few = table_of({c: columns[c] for c in ("first", "y")})
    with pytest.warns(AbsentColumn) as told:
        data = made.prepare(few)
    assert [str(w.message) for w in told] == [
        "the table in memory: the columns 'figure', 'second' are absent and count as missing."
    ]
    blank = columns | {"second": [None] * ROWS, "figure": [None] * ROWS}
    near(made.numbers(data).values["y"], numbers_of(made, table_of(blank)))
    assert {row["y.missing"] for row in made.cells(data)} == {"second;figure"}
    assert data.columns["figure"].row_status().tolist() == [MISSING] * ROWS


def test_columns_that_the_model_does_not_know_are_ignored_with_a_warning() -> None:
    columns, made, whole = mixed()
    more = columns | {"zip": [1] * ROWS, "age": [2] * ROWS, "id": list(range(ROWS)), "w": [1.0] * ROWS}
    known = replace(made, plan=replace(made.plan, weight="w"), facts=made.facts | {"ignored": ["id"]})
    with pytest.warns(UnusedColumn) as told:
        data = known.prepare(table_of(more))
    assert [str(w.message) for w in told] == [
        "the table in memory: ignored the columns 'age', 'zip': the model does not know them."
    ]
    np.testing.assert_array_equal(known.numbers(data).values["y"], whole)


def test_columns_that_are_known_are_not_warned_of() -> None:
    columns, made, _ = mixed()
    made.compare(table_of(columns))
    made.compare(table_of({c: columns[c] for c in COLUMNS}))
