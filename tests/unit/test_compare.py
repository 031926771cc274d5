"""Fusions are compared under equal conditions, paired on the same rows, and honestly."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import toy
from sensorium import Learner
from sensorium.errors import DataError, PlanError
from sensorium.metrics._bootstrap import Interval
from sensorium.report.compare_page import as_text, write_comparison
from sensorium.train.compare import Comparison, Fused

TRAIN = {"epochs": 2, "batch_rows": 16, "precision": "float32", "optimizer": {"rate": 0.01}}


def learner(**rest: object) -> Learner:
    plan = toy.plan_of("age", "kind", train=TRAIN)
    return Learner("label", plan=plan | rest, seed=1)


@pytest.fixture(scope="module")
def found() -> Comparison:
    (one,) = learner().compare(toy.given(toy.rows(80)), ["sum", "concat", "gate"], seeds=2)
    return one


def test_every_fusion_has_a_score_a_gain_and_a_rank(found: Comparison) -> None:
    assert {one.name for one in found.fusions} == {"sum", "concat", "gate"}
    assert (found.rows, found.seeds, found.single in ("age", "kind")) == (16, 2, True)
    for one in found.fusions:
        assert one.score.low <= one.score.value <= one.score.high
        assert one.score.value == pytest.approx(np.mean(one.seeds))
        assert one.gain.value == pytest.approx(one.score.value - found.alone.value)
        assert one.to_best.value <= 0
        assert one.weights > 0
    assert sum(one.rank for one in found.fusions) == pytest.approx(6)
    assert [one.rank for one in found.fusions] == sorted(one.rank for one in found.fusions)


def test_one_seed_gives_the_same_comparison_again(found: Comparison) -> None:
    (again,) = learner().compare(toy.given(toy.rows(80)), ["sum", "concat", "gate"], seeds=2)
    for one, other in zip(found.fusions, again.fusions, strict=True):
        assert replace(one, seconds=0.0) == replace(other, seconds=0.0)


def test_a_fusion_is_what_it_is_alone_whoever_is_compared_with_it(found: Comparison) -> None:
    (one,) = learner().compare(toy.given(toy.rows(80)), ["gate"], seeds=2)
    (gate,) = [f for f in found.fusions if f.name == "gate"]
    assert (one.fusions[0].seeds, one.fusions[0].validation) == (gate.seeds, gate.validation)
    assert one.fusions[0].rank == 1


def made(name: str, value: float, to_best: tuple[float, float, float]) -> Fused:
    score, gain = Interval(value, value - 0.02, value + 0.02, 1000, 90), Interval(0.1, 0.05, 0.15, 1000, 90)
    return Fused(name, score, gain, Interval(*to_best, 1000, 90), 0.8, 1.0, 1234, 2.0, (value, value))


def page(*fusions: Fused) -> Comparison:
    alone = Interval(0.7, 0.65, 0.75, 1000, 90)
    return Comparison("label", "accuracy", fusions, "age", alone, 90, 2, "given by 'split'", 12.0)


def test_what_cannot_be_told_apart_is_said(tmp_path: Path) -> None:
    one = made("gate", 0.81, (0, 0, 0))
    near, far = made("sum", 0.80, (-0.01, -0.03, 0.01)), made("max", 0.7, (-0.11, -0.15, -0.05))
    assert page(one, near, far).ahead() == ["gate", "sum"]
    assert as_text(page(one, near, far)).splitlines()[0] == (
        "label: 3 fusions, 2 seeds each, 90 test rows. Beyond chance 3 of 3 are better than `age` alone; "
        "these cannot be told from the best: gate, sum."
    )
    assert as_text(page(one, far)).splitlines()[0].endswith("; gate is better than every other.")
    write_comparison(tmp_path / "c.html", [page(one, near, far)])
    text = (tmp_path / "c.html").read_text()
    assert "90 test rows cannot tell 2 of 3 fusions apart" in text
    assert "81.0 % [79.0, 83.0]" in text
    json.dumps(page(one).to_dict())


def refused(table: object, names: tuple[str, ...] = (), seeds: int = 1, **rest: object) -> str:
    with pytest.raises((DataError, PlanError)) as error:
        learner(**rest).compare(table, names, seeds=seeds)
    return str(error.value)


def test_what_cannot_be_compared_is_told() -> None:
    rows = toy.given(toy.rows(40))
    assert refused(rows, ("gat",)).startswith(
        "fusions: no fusion is named 'gat'. Did you mean 'gate'? Known: "
    )
    assert refused(rows, seeds=0) == "seeds: expected a whole number of at least 1, got 0."
    assert refused(rows, train=TRAIN | {"time_limit_seconds": 90}) == (
        "time limit: fusions are compared under equal steps; set train.epochs or effort instead."
    )
    with pytest.raises(DataError) as error:
        Learner("label", plan=toy.plan_of("age", train=TRAIN)).compare(rows, ["sum"])
    assert str(error.value) == "the table in memory: there is one input, 'age': nothing to fuse."
    untested = [row | {"split": "val" if row["split"] == "test" else row["split"]} for row in rows]
    split = {"how": "given", "column": "split", "shares": [0.8, 0.2, 0.0]}
    assert refused(untested, ("sum",), split=split) == (
        "the table in memory: no rows are left to test on (given by 'split': 24 train, 16 val, 0 test rows). "
        "Give a share to test."
    )
