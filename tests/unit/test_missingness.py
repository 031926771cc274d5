"""Whether what is missing tells the target: the statistics, the level of the test, what it sees and says."""

import numpy as np
import pytest
from scipy import stats

from sensorium.table import missingness as module
from sensorium.table.missingness import Missingness, missingness

LABELS = ["a", "b", "c"]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def table(seed: int, rows: int = 150) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Four columns with holes that know nothing of the label."""
    made = rng(seed)
    holes = {f"c{i}": made.random(rows) < made.uniform(0.03, 0.5) for i in range(4)}
    return holes, made.integers(0, 3, rows)


def first_statistics(holes: dict[str, np.ndarray], truth: np.ndarray, labels: bool) -> np.ndarray:
    gone = np.stack(list(holes.values()), 1)
    target = module._classes(truth) if labels else module._ranks(truth)
    return module._Rows(module._design(gone), target).statistics(len(holes), rng(), 1)[0]


def test_the_statistics_are_those_of_scipy() -> None:
    holes, truth = table(1)
    found = first_statistics(holes, truth, labels=True)
    for place, gone in enumerate(holes.values()):
        crossed = stats.contingency.crosstab(gone, truth).count
        assert found[place] == pytest.approx(
            stats.chi2_contingency(crossed, correction=False).statistic, rel=1e-4
        )
    two = {n: holes[n] for n in ("c0", "c1")}
    pattern = two["c0"] * 2 + two["c1"]
    assert np.bincount(pattern).min() >= module.RARE, "no pattern is rare, so none are joined"
    crossed = stats.contingency.crosstab(pattern, truth).count
    known = stats.chi2_contingency(crossed, correction=False).statistic
    assert first_statistics(two, truth, labels=True)[-1] == pytest.approx(known, rel=1e-4)
    values = np.round(rng(2).normal(size=150), 1)
    found = first_statistics(holes, values, labels=False)
    gone = holes["c2"]
    known = stats.kruskal(values[gone], values[~gone]).statistic
    assert found[2] == pytest.approx(known * 150 / 149, rel=1e-4)


def alarms(runs: int, kind: str) -> float:
    found = 0
    for seed in range(runs):
        holes, truth = table(seed)
        labels, groups = LABELS, None
        if kind == "numbers":
            labels, truth = None, rng(seed + 1).exponential(size=len(truth))
        if kind == "groups":  # a group lacks much or little, is of one label or another, in runs
            groups = np.arange(150) // 10
            made = rng(seed + 2)
            holes = {"c0": made.random(150) < made.random(15)[groups]}
            truth = np.sort((made.random((15, 10)) < made.random((15, 1))).astype(np.int64), axis=1).reshape(
                -1
            )
        told = missingness(holes, truth, rng(seed), labels=labels, groups=groups, draws=99)
        found += told is not None and told.tells
    return found / runs


@pytest.mark.parametrize("kind", ["labels", "numbers", "groups"])
def test_without_a_bond_the_alarm_is_as_rare_as_it_says(kind: str) -> None:
    runs = 300
    assert alarms(runs, kind) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_rows_of_a_group_that_count_as_rows_of_their_own_would_raise_false_alarms() -> None:
    made, groups = rng(0), np.arange(300) // 30
    wrong = right = 0
    for _ in range(40):
        holes = {"c": made.random(300) < made.random(10)[groups]}
        truth = (made.random(300) < made.random(10)[groups]).astype(np.int64)
        alone = missingness(holes, truth, made, labels=LABELS, draws=99)
        whole = missingness(holes, truth, made, labels=LABELS, groups=groups, draws=99)
        assert alone is not None
        assert whole is not None
        wrong, right = wrong + alone.tells, right + whole.tells
    assert wrong > 8, "the level is 2 of 40"
    assert right < 7


def test_a_column_whose_absence_tells_the_label_is_named_with_its_shares() -> None:
    made = rng(3)
    truth = made.integers(0, 3, 600)
    holes = {"other": made.random(600) < 0.3, "scan": made.random(600) < np.array([0.05, 0.05, 0.4])[truth]}
    found = missingness(holes, truth, made, labels=LABELS)
    assert found is not None
    assert (found.column, found.label, found.p) == ("scan", "c", pytest.approx(1 / 1001))
    assert found.lacking == holes["scan"].sum()
    assert found.gone == pytest.approx((truth[holes["scan"]] == 2).mean())
    assert found.there == pytest.approx((truth[~holes["scan"]] == 2).mean())
    crossed = stats.contingency.crosstab(holes["scan"], truth).count
    assert found.strength == pytest.approx(stats.contingency.association(crossed))
    assert found.text("ill") == (
        f"what is missing predicts 'ill': rows without 'scan' ({found.lacking} of 600) are 'c' in "
        f"{found.gone:.1%} of cases, others in {found.there:.1%} (permutation test, p = 0.001); a model may "
        "learn who was not measured instead of what was: it errs where cells go missing for other reasons."
    )
    assert found.to_dict()["tells"] is True


def test_a_column_whose_absence_tells_a_number_is_named_with_the_medians() -> None:
    made = rng(4)
    truth = made.normal(10, 3, 300)
    holes = {"scan": made.random(300) < np.where(truth > 12, 0.6, 0.1)}
    found = missingness(holes, truth, made)
    assert found is not None
    assert (found.column, found.label) == ("scan", "")
    assert found.gone == pytest.approx(np.median(truth[holes["scan"]]))
    assert found.strength == pytest.approx(abs(stats.spearmanr(holes["scan"], truth).statistic), abs=0.02)
    told = found.text("price")
    assert (
        f"have a median of {found.gone:.4g}, others of {found.there:.4g} (permutation test, p = 0.001)"
        in told
    )


def test_a_pattern_that_no_column_shows_alone_is_found() -> None:
    made = rng(5)
    one, two = made.random(400) < 0.5, made.random(400) < 0.5
    truth = ((one ^ two) ^ (made.random(400) < 0.2)).astype(np.int64)
    found = missingness({"one": one, "two": two}, truth, made, labels=LABELS)
    assert found is not None
    assert (found.column, found.tells) == ("", True)
    assert found.text("y").startswith(
        "which cells a row lacks together predicts 'y' (400 rows; permutation test, p = 0.001); a model may"
    )


def test_within_groups_a_bond_is_found_too() -> None:
    made, groups = rng(6), np.arange(600) // 20
    truth = made.integers(0, 2, 600)
    holes = {"watch": made.random(600) < np.where(truth == 1, 0.5, 0.1)}
    found = missingness(holes, truth, made, labels=LABELS, groups=groups)
    assert found is not None
    assert (found.column, found.groups, found.tells) == ("watch", 30, True)
    assert "(permutation test over 30 groups kept whole, p = 0.001)" in found.text("y")


def test_a_shift_stays_within_its_group_and_reaches_every_place() -> None:
    groups = np.array([3, 3, 3, 1, 1, 7])
    made = module._Within(
        np.eye(6, dtype=np.float32), np.eye(6, dtype=np.float32), np.unique(groups, return_inverse=True)[1]
    )
    orders = np.stack(list(made.orders(rng(), 200)))
    assert orders[0].tolist() == list(range(6))
    assert all(sorted(order.tolist()) == list(range(6)) for order in orders)
    assert {tuple(order[:2]) for order in orders} == {(0, 1), (1, 0)}
    assert {tuple(order[2:5]) for order in orders} == {(2, 3, 4), (3, 4, 2), (4, 2, 3)}
    assert set(orders[:, 5]) == {5}


def test_there_is_nothing_to_test_without_holes_labels_or_rows() -> None:
    holes, truth = table(0)
    full = np.zeros(150, bool)
    assert missingness({"full": full, "empty": ~full}, truth, rng(), labels=LABELS) is None
    assert missingness(holes, np.zeros(150, np.int64), rng(), labels=LABELS) is None
    few = {n: gone[:10] for n, gone in holes.items()}
    assert missingness(few, truth[:10], rng(), labels=LABELS) is None


def test_columns_that_go_missing_together_are_tested_once() -> None:
    gone = rng(0).random(60) < 0.5
    assert module._several({"a": gone, "b": gone.copy(), "c": ~gone}) == ["a", "c"]
    many = {f"c{i}": rng(i).random(60) < 0.5 for i in range(100)}
    assert len(module._several(many)) == module.MOST_COLUMNS


def test_many_rows_classes_and_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORK", 1.0)
    made = rng(1)
    truth = made.integers(0, 90, 9000)
    found = missingness({"a": made.random(9000) < 0.2}, truth, made, labels=list(range(90)), draws=20)
    assert found is not None
    assert found.rows == 2000
    assert module._classes(truth).shape == (9000, module.MOST_CLASSES)
    assert module._classes(truth).sum(1).tolist() == [1.0] * 9000
    groups = np.arange(9000) // 300
    found = missingness(
        {"a": made.random(9000) < 0.2}, truth, made, labels=list(range(90)), groups=groups, draws=20
    )
    assert found is not None
    assert (found.rows, found.groups) == (1800, 6)


def test_equal_seeds_give_equal_findings() -> None:
    holes, truth = table(2)
    one, two = (missingness(holes, truth, rng(9), labels=LABELS) for _ in range(2))
    assert one == two
    assert isinstance(one, Missingness)
