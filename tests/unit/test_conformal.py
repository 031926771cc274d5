"""Intervals of answers: the quantile, what it promises, whom it is kept for, and a run with them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sensorium
from sensorium import Learner
from sensorium.metrics.coverage import Coverage
from sensorium.metrics.interval_width import IntervalWidth
from sensorium.options import check
from sensorium.table.prepared import Target
from sensorium.tasks._conformal import reach, rows_needed, widths
from sensorium.tasks.classify import Classify
from sensorium.tasks.regress import Regress
from sensorium.types import Facts

WHERE = "target 'y'"


@pytest.mark.parametrize(("rows", "level"), [(9, 0.9), (10, 0.9), (40, 0.8), (57, 0.5), (99, 0.99)])
def test_the_reach_is_the_order_statistic_of_split_conformal_prediction(rows: int, level: float) -> None:
    away = np.random.default_rng(rows).exponential(size=rows)
    rank = int(np.ceil(round((rows + 1) * level, 9)))
    assert reach(away, np.ones(rows), level) == np.sort(away)[rank - 1]
    assert reach(away, np.full(rows, 7.0), level) == np.sort(away)[rank - 1]


@pytest.mark.parametrize(("level", "needed"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_fewer_rows_than_the_level_needs_have_no_reach(level: float, needed: int) -> None:
    assert rows_needed(level) == needed
    assert np.isfinite(reach(np.ones(needed), np.ones(needed), level))
    assert np.isinf(reach(np.ones(needed - 1), np.ones(needed - 1), level))


def test_heavier_rows_count_as_more_by_hand() -> None:
    away = np.array([1.0, 2.0, 3.0, 4.0])
    # weights 6 1 1 2, the further row 2.5: 0.5 of 12.5 is passed at 7, 0.7 at 10
    weight = np.array([6.0, 1.0, 1.0, 2.0])
    assert [reach(away, weight, level) for level in (0.4, 0.5, 0.6, 0.7)] == [1.0, 2.0, 3.0, 4.0]


def test_a_further_row_is_covered_as_often_as_is_said() -> None:
    rng, rows, level = np.random.default_rng(0), 24, 0.8
    drawn = np.abs(rng.standard_t(3, size=(20_000, rows + 1)))
    inside = [last <= reach(away, np.ones(rows), level) for *away_list, last in drawn[:4000].tolist()
              for away in (np.array(away_list),)]  # fmt: skip
    exact = np.ceil((rows + 1) * level) / (rows + 1)
    assert np.mean(inside) == pytest.approx(exact, abs=3 * np.sqrt(exact * (1 - exact) / 4000))


def test_rows_that_lack_cells_are_counted_apart_where_there_are_enough() -> None:
    rng = np.random.default_rng(1)
    gaps = np.repeat([0, 1], 50)
    away, alone, one = rng.random(100) + 3 * gaps, rng.random(100) * 9, np.ones(100)
    found = widths(away, alone, gaps, one, 0.9)
    assert found["gaps"] == [50, 50, 0]
    assert found["reach"] == [reach(away[:50], one[:50], 0.9), reach(away[50:], one[50:], 0.9),
                              reach(alone, one, 0.9)]  # fmt: skip
    few = widths(away[:55], alone[:55], gaps[:55], one[:55], 0.9)
    assert few["reach"][1] == reach(away[:55], one[:55], 0.9)
    assert widths(away[:0], alone[:0], gaps[:0], one[:0], 0.9) == {}


def settled(
    cells: list[Any], interval: float, log: Any = "auto"
) -> tuple[Regress, Facts, np.ndarray, Target]:
    task = Regress(log=log, interval=interval)
    facts = task.fit(cells, WHERE)
    target = task.target(cells, facts, WHERE)
    numbers = target.values[:, None] + np.random.default_rng(2).normal(size=(len(cells), 1)) * 0.4
    none = np.zeros(len(cells), np.int64)
    return task, facts | task.settle(numbers, target, none, np.ones(len(cells)), facts), numbers, target


@pytest.mark.parametrize("log", ["no", "yes"])
@pytest.mark.parametrize("start", [0, 1])
def test_a_band_holds_just_the_share_of_the_rows_that_settled_it(log: str, start: int) -> None:
    cells = [start + float(x) for x in np.random.default_rng(3).lognormal(1, 1, 60).round(2)]
    for interval in (0.5, 0.8, 0.95):
        task, facts, numbers, target = settled(cells, interval, log)
        band = task.band(numbers, np.zeros(60, np.int64), facts)
        assert band is not None
        truth, said = task.truth(target, facts).astype(float), task.answers(numbers, facts)
        assert ((band[:, 0] <= said) & (said <= band[:, 1])).all()
        inside = (band[:, 0] - 1e-9 <= truth) & (truth <= band[:, 1] + 1e-9)
        assert inside.sum() == np.ceil(61 * interval)
        if log == "yes":
            assert (band >= 0).all()


def test_between_logarithms_an_interval_is_as_many_times_larger_and_smaller() -> None:
    task, facts, numbers, _ = settled([float(x) for x in range(1, 60)], 0.8, "yes")
    band, said = task.band(numbers, np.zeros(59, np.int64), facts), task.answers(numbers, facts)
    assert band is not None
    np.testing.assert_allclose(band[:, 1] / said, said / band[:, 0])
    np.testing.assert_allclose(band[:, 1] / said, np.exp(facts["band"]["reach"][0]))


def test_wild_numbers_have_finite_bands_around_their_answers() -> None:
    for log in ("no", "yes"):
        task, facts, _, _ = settled([float(x) for x in range(1, 60)], 0.9, log)
        numbers = np.array([[-1e4], [0.0], [1e4]])
        band, said = task.band(numbers, np.array([0, 1, 2]), facts), task.answers(numbers, facts)
        assert band is not None
        assert np.isfinite(band).all()
        assert ((band[:, 0] <= said) & (said <= band[:, 1])).all()


def test_truths_that_no_answer_can_reach_count_as_outside() -> None:
    cells = [1.0, 2.0, 9.0, 30.0, 4.0] * 8
    task = Regress(log="yes", interval=0.5)
    facts = task.fit(cells, WHERE)
    target = task.target([*cells[:20], *[-3.0] * 15], facts, WHERE)
    numbers, none = np.zeros((35, 1)), np.zeros(35, np.int64)
    found = task.settle(numbers, target, none, np.ones(35), facts)["band"]
    assert np.isfinite(found["reach"]).all()
    assert (
        found["reach"][0]
        > task.settle(
            numbers[:20], Target(target.values[:20], target.mask[:20]), none[:20], np.ones(20), facts
        )["band"]["reach"][0]
    )


def test_without_an_interval_nothing_is_settled_and_nothing_told() -> None:
    task = Regress()
    facts = task.fit([1.0, 2.0, 3.5], WHERE)
    target, none = task.target([1.0, 2.0, 3.5], facts, WHERE), np.zeros(3, np.int64)
    assert task.settle(np.zeros((3, 1)), target, none, np.ones(3), facts) == {}
    assert task.band(np.zeros((3, 1)), none, facts) is None
    assert task.notes(facts) == ()
    assert Classify().band(np.zeros((3, 2)), none, {}) is None
    assert Classify().settle(np.zeros((3, 2)), target, none, np.ones(3), {}) == {}


def test_what_settled_an_interval_is_told() -> None:
    task, facts, _, _ = settled([float(x) for x in range(40)], 0.9, "no")
    assert task.notes(facts) == (
        "its intervals are meant to hold the truth of 90 % of the rows, settled by 40 rows that the members "
        "had not learned from",
    )
    facts["band"]["gaps"] = [30, 8, 2]
    assert task.notes(facts)[0].endswith(" had not learned from, of which 10 lack cells")
    task, facts, _, _ = settled([float(x) for x in range(40)], 0.99, "no")
    assert task.notes(facts) == (
        "an interval of 99 % needs 99 rows that the members had not learned from, and there were 40: it is "
        "as wide as their largest error, and fewer truths may lie inside",
    )


@pytest.mark.parametrize(("level", "shown"), [(0, "0"), (1, "1"), (1.5, "1.5"), (-0.1, "-0.1")])
def test_a_level_outside_0_and_1_is_refused(level: float, shown: str) -> None:
    assert check(Regress, {"interval": level}, "targets.price")[1] == [
        f"targets.price.interval: expected a number above 0 and below 1, or null, got {shown}."
    ]


def test_coverage_and_width_by_hand() -> None:
    truth, weight = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 2.0, 1.0])
    band = np.array([[1.0, 2.0], [2.5, 3.0], [0.0, 3.0], [4.1, 9.1]])
    assert Coverage().value(truth, band, weight) == pytest.approx(3 / 5)
    assert IntervalWidth().value(truth, band, weight) == pytest.approx((1 + 0.5 + 6 + 5) / 5)


def a_table(rows: int = 160) -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    made = []
    for row in range(rows):
        a, b = rng.normal(size=2).round(3).tolist()
        noise = float(rng.normal()) * 0.3
        made.append({"a": a, "b": None if row % 4 == 0 else b, "y": round(10 + 3 * a + 2 * b + noise, 3)})
    made[3]["a"], made[8] = "broken", {"a": None, "b": None, "y": 9.0}
    return made


@pytest.fixture(scope="module")
def learner() -> Learner:
    plan = {
        "inputs": {"a": "number", "b": "number"},
        "targets": {"y": {"task": {"name": "regress", "interval": 0.8, "log": "no"}}},
        "train": {"rungs": ["linear"]},
    }
    return Learner("y", plan=plan).fit(a_table())


def test_a_run_answers_with_intervals_and_tells_how_many_truths_they_hold(learner: Learner) -> None:
    assert learner.run is not None
    assert learner.report is not None
    answers = learner.answers([{"a": 0.0, "b": 0.0}, {"a": 0.0, "b": None}, {"a": None, "b": None}])
    assert [list(row) for row in answers] == [["y", "y.low", "y.high", "y.missing"]] * 3
    whole, some, none = ((row["y.high"] - row["y.low"]) for row in answers)
    assert 0 < whole < some < none  # what is known of b, and then of a too, narrows the interval
    assert all(row["y.low"] < row["y"] < row["y.high"] for row in answers)
    shown = learner.report.targets["y"].candidates["linear"]
    assert list(shown.metrics)[-2:] == ["coverage", "interval_width"]
    assert 0.6 < shown.metrics["coverage"].value < 0.95
    assert shown.metrics["coverage"].low < 0.8 < shown.metrics["coverage"].high
    assert all(one.band is not None and one.band[0] < one.band[1] for one in shown.points)
    facts = learner.run.facts["targets"]["y"]["band"]
    assert (facts["rows"], facts["level"]) == (160, 0.8)  # every row was held out of one fold
    assert any("meant to hold the truth of 80 %" in note for note in learner.report.notes)


def test_intervals_survive_the_bundle_and_are_scored_on_new_rows(learner: Learner, tmp_path: Path) -> None:
    learner.save(tmp_path / "bundle")
    again = sensorium.load(tmp_path / "bundle")
    rows = [{k: v for k, v in row.items() if k != "y"} for row in a_table(40)[4:]]
    assert again.answers(rows) == learner.answers(rows)
    told = json.loads((tmp_path / "bundle" / "facts.json").read_text())["targets"]["y"]["band"]
    assert len(told["reach"]) == 3
    report = again.evaluate(a_table())
    assert 0.7 < report.targets["y"].candidates["shipped"].metrics["coverage"].value < 0.9
    report.save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert 'class="reach"' in page
    assert "The lines are the answers&#x27; intervals; the truth lies within" in page or (
        "The lines are the answers' intervals; the truth lies within" in page
    )
