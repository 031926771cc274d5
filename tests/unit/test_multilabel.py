"""Several labels a row: how cells are read and recognised, thresholds, losses."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from sensorium.infer_columns import guess_task
from sensorium.losses.binary_cross_entropy import BinaryCrossEntropy
from sensorium.losses.focal import Focal
from sensorium.metrics.f1_macro_sets import F1MacroSets
from sensorium.metrics.f1_micro import F1Micro
from sensorium.table.prepared import Target
from sensorium.tasks._thresholds import best_cut, drawn
from sensorium.tasks.multilabel import Multilabel
from sensorium.types import Arrays

WHERE = "target 'tags'"
NAMES = ["comedy", "crime", "drama", "history", "war"]


def sets(rows: int = 200, names: list[str] = NAMES, seed: int = 0, share: float = 0.35) -> list[list[str]]:
    there = np.random.default_rng(seed).random((rows, len(names))) < share
    return [[n for n, here in zip(names, row, strict=True) if here] for row in there]


def as_json(cells: list[list[str]]) -> list[str]:
    return [json.dumps(one) for one in cells]


def joined(cells: list[list[str]], sign: str) -> list[str]:
    return [sign.join(one) for one in cells]


@pytest.mark.parametrize(
    "cells",
    [
        sets(),
        as_json(sets()),
        [np.array(one) for one in sets()],
        [tuple(one) for one in sets()],
        joined(sets(), ";"),
        joined(sets(), "|"),
        joined(sets(names=[*NAMES, "music", "sport", "family"]), ", "),
        joined(sets(names=["a", "b", "c"]), ";"),
        [[int(i) for i in np.flatnonzero(row)] for row in np.random.default_rng(1).random((200, 6)) < 0.4],
    ],
    ids=["lists", "json", "arrays", "tuples", "semicolons", "bars", "commas", "three labels", "numbers"],
)
def test_cells_of_several_labels_are_taken_for_such(cells: list[Any]) -> None:
    assert guess_task(cells)[0] == "multilabel"
    assert guess_task([*cells, None, "", float("nan")])[0] == "multilabel"


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["amber", "blue", "coral"] * 60, "classify"),
        (["New York, NY", "Boston, MA", "Albany, NY", "Salem, MA"] * 40, "classify"),
        (["yes", "no", "yes, partly"] * 60, "classify"),
        (["Toys/Cars", "Toys/Dolls", "Home/Chairs", "Home/Tables"] * 40, "classify"),
        (["a;1", "b;2", "c;3"] * 60, "classify"),
        (["true", "false"] * 60, "classify"),
        ([0, 1] * 60, "classify"),
        ([f"{x:.2f}" for x in np.random.default_rng(0).normal(100, 20, 96)], "regress"),
    ],
)
def test_single_labels_are_never_taken_for_several(cells: list[Any], task: str) -> None:
    assert Multilabel.sniff(cells) == 0.0
    assert guess_task(cells)[0] == task


@pytest.mark.parametrize("sign", ["lists", ";", "json"])
def test_a_cell_is_read_the_same_however_it_is_written(sign: str) -> None:
    cells = [one for one in sets(60) if one]
    given = {"lists": cells, ";": joined(cells, ";"), "json": as_json(cells)}[sign]
    task = Multilabel()
    facts = task.fit(given, WHERE)
    assert facts["labels"] == NAMES
    assert facts["separator"] == (";" if sign == ";" else None)
    target = task.target([*given, "[]", None], facts, WHERE)
    assert target.values[:-2].tolist() == [[n in one for n in NAMES] for one in cells]
    assert (target.values[-2].tolist(), target.mask[-2:].tolist()) == ([0] * 5, [True, False])


def test_a_named_separator_parts_where_none_would_be_found() -> None:
    cells = ["war+drama", "drama", "war", "comedy+war"] * 3
    assert Multilabel().fit(cells, WHERE)["labels"] == ["comedy+war", "drama", "war", "war+drama"]
    assert Multilabel(separator="+").fit(cells, WHERE)["labels"] == ["comedy", "drama", "war"]


def test_whole_numbers_are_answered_as_numbers_in_their_order() -> None:
    task = Multilabel()
    facts = task.fit([[10, 2], ["2"], [3.0], []], WHERE)
    assert (facts["labels"], facts["kind"], facts["counts"]) == ([2, 3, 10], "int", [2, 1, 1])
    assert task.cells(np.array([[1.0, -1.0, 2.0]]), facts, "t")[0]["t"] == [2, 10]


def test_rare_labels_and_those_beyond_the_most_common_are_left_out_and_told() -> None:
    cells = [["a", "b"], ["a"], ["b"], ["c"]] * 50 + [["a", "once"]]
    facts = Multilabel().fit(cells, WHERE)
    assert (facts["labels"], facts["left_out"]) == (["a", "b", "c"], ["once"])
    assert Multilabel(least=1).fit(cells, WHERE)["labels"] == ["a", "b", "c", "once"]
    few = Multilabel(most=2)
    facts = few.fit([*cells, []], WHERE)
    assert facts["labels"] == ["a", "b"]
    assert few.notes(facts) == (
        "2 more labels are too rare to be learned and left out of the truth (least, most): 'c', 'once'",
        "1 of its cells is an empty list: a row without any label, not a missing one",
    )
    assert few.target([["c"]], facts, WHERE).notes == ()


def test_a_label_that_no_training_row_has_is_counted_and_told() -> None:
    task = Multilabel()
    facts = task.fit([["a"], ["b"], ["a", "b"]], WHERE)
    target = task.target([["a", "new"], ["new"], ["odd", "b"]], facts, WHERE)
    assert target.values.tolist() == [[1, 0], [0, 0], [0, 1]]
    assert target.mask.all()
    assert target.notes == (
        "labels that no training row has are left out of the truth, 3 times: 'new', 'odd'",
    )


def test_the_best_cut_is_that_of_all_cuts() -> None:
    rng = np.random.default_rng(0)
    for seed in range(20):
        numbers = np.round(np.random.default_rng(seed).normal(size=40), 1)
        true, weight = rng.random(40) < 0.3, rng.integers(1, 4, 40).astype(float)
        cut = best_cut(numbers, true, weight)

        def f1(at: float, n: Any = numbers, t: Any = true, w: Any = weight) -> float:
            said = n >= at
            return float(2 * (w * (said & t)).sum() / ((w * said).sum() + (w * t).sum()))

        assert f1(cut) == pytest.approx(max(f1(x) for x in np.arange(-4, 4, 0.05)), abs=1e-12)


def test_the_cuts_of_rare_labels_are_drawn_to_the_common_one() -> None:
    rng = np.random.default_rng(0)
    true = rng.random((2000, 3)) < np.array([0.3, 0.004, 0.6])
    numbers = np.where(true, 0.0, -2.0) + rng.normal(0, 0.3, true.shape) + np.array([3.0, -3.0, 0.0])
    common, own = drawn(numbers, true, np.ones(2000))
    assert common[0] == common[1]
    best = [best_cut(numbers[:, k], true[:, k], np.ones(2000)) for k in range(3)]
    assert abs(own[0] - best[0]) < 0.1 * abs(common[0] - best[0])
    assert abs(own[1] - common[1]) < 0.5 * abs(best[1] - common[1])
    assert abs(own[0] - best[0]) < abs(own[1] - best[1])


def levels(shift: list[float], metric: Any, rows: int = 600, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, (rows, len(shift)))
    true = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
    target = Target(true.astype(np.uint8), np.ones(rows, bool))
    return Multilabel().levels(odds + np.array(shift), target, np.ones(rows), metric().good)


def test_thresholds_find_what_numbers_were_moved_by() -> None:
    found = levels([3.0, -3.0], F1MacroSets)
    assert found[0] == pytest.approx(-2.5, abs=0.7)
    assert found[1] == pytest.approx(3.5, abs=0.7)
    one = levels([-3.0, -3.0], F1Micro)
    assert min(one) > 2


def test_nothing_is_settled_where_nothing_is_better_or_rows_are_few() -> None:
    assert levels([3.0, -3.0], F1MacroSets, rows=8) == []
    rng = np.random.default_rng(0)
    true = rng.random((200, 3)) < 0.4
    target = Target(true.astype(np.uint8), np.ones(200, bool))
    sure = np.where(true, 5.0, -5.0)
    assert Multilabel().levels(sure, target, np.ones(200), F1Micro().good) == []


def test_levels_move_what_is_said_and_not_the_probability_that_is_told() -> None:
    task = Multilabel()
    facts = task.fit([["a"], ["b"], ["a", "b"], []], WHERE)
    numbers = np.array([[0.4, -0.4], [-3.0, 3.0]])
    plain = task.cells(numbers, facts, "t")
    moved = task.leveled(facts, [-1.0, 1.0])
    assert moved["thresholds"] == pytest.approx([0.731059, 0.268941], abs=1e-6)
    said = task.cells(numbers + np.array([-1.0, 1.0]), moved, "t")
    assert [one["t"] for one in plain] == [["a"], ["b"]]
    assert [one["t"] for one in said] == [["b"], ["b"]]
    for one, other in zip(plain, said, strict=True):
        assert [one[k] for k in ("t.p.a", "t.p.b")] == pytest.approx([other[k] for k in ("t.p.a", "t.p.b")])
    prior = task.cells(np.array([moved["prior"]]), moved, "t")[0]
    assert (prior["t.p.a"], prior["t.p.b"]) == (0.5, 0.5)


def target_of(rows: int = 12) -> tuple[dict[str, Any], torch.Tensor, Arrays]:
    torch.manual_seed(0)
    facts: dict[str, Any] = {"width": 3, "counts": [4, 10, 1], "rows": 20}
    true = (torch.rand(rows, 3) < 0.4).to(torch.uint8)
    return facts, torch.randn(rows, 3), Arrays(true, torch.ones(rows, dtype=torch.bool))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_binary_cross_entropy_equals_torch(smoothing: float) -> None:
    facts, numbers, target = target_of()
    soft = target.values.float() * (1 - smoothing) + smoothing / 2
    expected = functional.binary_cross_entropy(numbers.sigmoid(), soft, reduction="none").mean(1)
    torch.testing.assert_close(BinaryCrossEntropy(facts, smoothing=smoothing)(numbers, target), expected)


@pytest.mark.parametrize("gamma", [0.0, 2.0, 3.5])
def test_focal_equals_its_equation(gamma: float) -> None:
    facts, numbers, target = target_of()
    p = numbers.sigmoid().double()
    own = torch.where(target.values > 0, p, 1 - p)
    expected = (-((1 - own) ** gamma) * own.log()).mean(1).float()
    torch.testing.assert_close(Focal(facts, gamma=gamma)(numbers, target), expected)


def test_class_balanced_weights_equal_the_effective_numbers_of_samples() -> None:
    facts, numbers, target = target_of()
    beta, rows = 0.9, np.array([[16, 10, 19], [4, 10, 1]])
    weight = (1 - beta) / (1 - beta**rows)
    weight = weight / ((weight * rows).sum(0) / 20)
    each = functional.binary_cross_entropy_with_logits(numbers, target.values.float(), reduction="none")
    by = np.where(target.values.numpy() > 0, weight[1], weight[0])
    expected = (each * torch.from_numpy(by).float()).mean(1)
    torch.testing.assert_close(BinaryCrossEntropy(facts, balance=beta)(numbers, target), expected)
    assert not BinaryCrossEntropy(facts, balance=beta).state_dict()
    flat, near_one = Focal(facts, gamma=0.0, balance=beta)(numbers, target), 0.999999
    torch.testing.assert_close(flat, expected)
    even = BinaryCrossEntropy(facts, balance=near_one).weights
    assert even is not None
    torch.testing.assert_close(even, torch.tensor(10.0 / rows).float(), rtol=1e-3, atol=1e-4)
