"""Tables of a few rows: they are learned from too, with fewer folds."""

import pytest

from sensorium.api import Learner
from sensorium.load_table import load_table
from sensorium.plan_parse import parse
from sensorium.train.division import divided, folds_of, rounds_of


@pytest.mark.parametrize(
    ("rows", "folds"), [(4, 2), (5, 2), (9, 2), (10, 2), (15, 3), (24, 4), (25, 5), (90, 5)]
)
def test_few_rows_make_fewer_folds_unless_the_plan_says_how_many(rows: int, folds: int) -> None:
    table = load_table([{"x": place, "y": "ab"[place % 2]} for place in range(rows)])
    raw = {"inputs": {"x": "number"}, "targets": {"y": "classify"}}
    plan, told = parse(raw), parse(raw | {"split": {"folds": 4}})
    split = divided(plan, table, None)
    assert folds_of(plan, split) == folds
    assert folds_of(told, split) == 4
    made = rounds_of(plan, table, split, folds)
    assert sorted(row for *_, held in made for row in held) == list(range(rows))
    assert all(len(part) for parts in made for part in parts)


@pytest.mark.parametrize("rows", [4, 6])
@pytest.mark.parametrize("kind", ["classify", "regress"])
def test_a_table_of_a_few_rows_is_learned_from(rows: int, kind: str) -> None:
    table = [{"x": n * n, "y": "ab"[n % 2] if kind == "classify" else n + 0.5} for n in range(rows)]
    raw = {"targets": {"y": {"task": kind}}, "train": {"rungs": ["prior", "linear"]}}
    learned = Learner("y", plan=raw).fit(table)
    assert learned.report is not None
    assert learned.report.rows == rows
    assert len(learned.predict(table)) == rows
