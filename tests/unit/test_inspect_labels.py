"""Label errors of a table: planted ones are found by learners that have not seen them, clean ones are not."""

from pathlib import Path

import numpy as np
import pytest

from sensorium import inspect_held_out
from sensorium.errors import DataError
from sensorium.inspect_held_out import HeldOut, held_out
from sensorium.inspect_labels import LabelErrors, label_errors
from sensorium.load_table import load_table
from sensorium.table.table import Table

NAMES = np.array(["ash", "birch", "cedar"])


def easy(rows: int, wrong: int, seed: int = 0) -> tuple[Table, list[int]]:
    """A table whose labels numbers and a text tell, and the rows whose labels are wrong."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, rows)
    given, places = true.copy(), np.sort(rng.choice(rows, wrong, replace=False))
    given[places] = (true[places] + rng.integers(1, 3, wrong)) % 3
    words = [" ".join(rng.choice(["leaf", "bark", NAMES[one]], 6)) for one in true]
    table = load_table(
        {
            "high": (true * 2.5 + rng.normal(0, 1, rows)).tolist(),
            "wide": (-true + rng.normal(0, 0.8, rows)).tolist(),
            "note": words,
            "kind": NAMES[given].tolist(),
        }
    )
    return table, places.tolist()


@pytest.fixture(scope="module")
def planted() -> tuple[LabelErrors, list[int], Table]:
    table, places = easy(300, 15)
    return label_errors(table, "kind", ["high", "wide", "note"]), places, table


def test_planted_label_errors_are_found(planted: tuple[LabelErrors, list[int], Table]) -> None:
    found, places, table = planted
    hit = [one.row in places for one in found.suspects]
    assert np.mean(hit) >= 0.9
    assert sum(hit) >= 0.75 * len(places)
    assert found.number == len(found.suspects)
    assert found.judged == 300
    assert found.how == "linear and trees in 5 folds over note, numbers"
    assert min((found.agree or {}).values()) > 0.85
    kinds = table.column("kind")
    assert all(one.given == kinds[one.row] != one.suggested for one in found.suspects)
    assert sum((found.moved or {}).values()) == found.number


def test_clean_labels_are_left_alone() -> None:
    table, _ = easy(300, 0, seed=1)
    found = label_errors(table, "kind", ["high", "wide", "note"])
    assert found.number <= 1
    assert found.skipped is None


def test_suspects_are_told_in_words_and_as_json(planted: tuple[LabelErrors, list[int], Table]) -> None:
    found, _, table = planted
    first = found.suspects[0]
    (said,) = found.warnings(table)
    assert said == (
        f"target 'kind': {found.number} of 300 labels are suspected ({found.number / 3:.1f} %); the first, "
        f"row {first.row + 1}: given {first.given!r}, learners say {first.suggested!r}."
    )
    told = found.to_dict(table)
    assert told["suspects"][0] == {
        "row": f"row {first.row + 1}", "given": first.given, "suggested": first.suggested,
        "own": first.own, "share": first.share,
    }  # type: ignore[index]  # fmt: skip


def test_learners_judge_rows_that_they_have_not_seen() -> None:
    rng = np.random.default_rng(0)
    table = load_table({"x": rng.normal(size=300).tolist(), "y": rng.choice(["a", "b"], 300).tolist()})
    found = held_out(table, "y", 0)
    for said in found.said.values():
        assert 0.35 < (said.argmax(1) == found.given).mean() < 0.65
        np.testing.assert_allclose(said.sum(1), 1)


def test_rows_with_equal_inputs_share_a_fold() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=150)
    y = rng.choice(["a", "b"], 150)  # two rows each: a twin in another fold would tell the label
    found = held_out(load_table({"x": [*x, *x], "y": [*y, *y]}), "y", 0)
    for said in found.said.values():
        assert (said.argmax(1) == found.given).mean() < 0.65


def test_rows_without_a_label_are_not_judged_and_many_rows_are_sampled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, _ = easy(200, 0)
    labels = [None if row % 4 == 0 else kind for row, kind in enumerate(table.column("kind"))]
    some = table.drop(["note"]).with_column("kind", labels)
    found = held_out(some, "kind", 0)
    assert found.rows.tolist() == [row for row in range(200) if row % 4]
    assert found.labels == ("ash", "birch", "cedar")
    monkeypatch.setattr(inspect_held_out, "MOST_ROWS", 60)
    fewer = held_out(some, "kind", 0)
    assert len(fewer.rows) == 60
    assert fewer.how == "linear and trees in 5 folds over numbers, 60 of 150 rows"


def test_wide_tables_get_a_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect_held_out, "BOOSTED", 100)
    table, _ = easy(100, 0)
    found = held_out(table.drop(["note"]), "kind", 0)
    assert list(found.said) == ["linear", "forest"]
    assert all((said.argmax(1) == found.given).mean() > 0.7 for said in found.said.values())


def test_what_cannot_be_judged_says_why(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = load_table({"x": rng.normal(size=60).tolist(), "y": rng.normal(size=60).tolist()})
    with pytest.raises(DataError) as caught:
        held_out(numbers, "y", 0)
    assert str(caught.value) == "target 'y': its cells are no labels, so none of them is suspected."
    pictures = [rng.integers(0, 255, (8, 8, 3), np.uint8) for _ in range(60)]
    images = load_table({"photo": pictures, "y": ["a", "b"] * 30})
    found = label_errors(images, "y", ["photo"])
    assert found.skipped == (
        "no input can be read by linear models or trees (photo). Give a trained run, whose answers are used "
        "instead."
    )


def test_few_different_rows_are_told_and_some_more_are_judged() -> None:
    few = load_table({"x": [1.5, 2.5, 3.5, 4.5] * 15, "kind": ["a", "b"] * 30})
    with pytest.raises(DataError) as caught:
        held_out(few, "kind", 0)
    assert str(caught.value) == (
        "target 'kind': only 4 rows have different inputs, too few to learn from some and to judge others; "
        "at least 10 are needed."
    )
    more = load_table({"x": [0.5 + n for n in range(10)] * 6, "kind": ["a", "b"] * 30})
    assert len(held_out(more, "kind", 0).rows) == 60


def test_equal_inputs_with_different_labels_are_told() -> None:
    x = [*np.arange(20) / 2, 2.5, 2.5, 3.5]  # rows 6 and 8 again
    y = ["a", "b"] * 10 + ["b", "oak", "b"]
    table = load_table({"x": x, "y": y})
    one = np.zeros(1, np.int64)
    found = label_errors(
        table, "y", ["x"], judged=HeldOut(one, one, ("a", "b"), {"run": np.ones((1, 2)) / 2}, "x")
    )
    assert found.clashing == 3
    assert [(one.first, one.second, one.labels) for one in found.clashes] == [(5, 21, ("b", "oak"))]
    assert found.warnings(table) == [
        "target 'y': 3 rows have the inputs of another row but another label, for example row 6 and row 22: "
        "'b' and 'oak'."
    ]
    told = found.to_dict(table)
    assert told["clashes"] == [{"rows": ["row 6", "row 22"], "labels": ["b", "oak"]}]
