"""Batches: shared media once, padding to their own longest, every row exactly once, weights, progress."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sensorium.batches import Batches
from sensorium.fit_facts import class_weights, fit_facts
from sensorium.model import Model, key, part_name
from sensorium.plan import Choice, TargetPlan
from sensorium.prepare import corrupt_cells, corrupt_count, prepare
from sensorium.progress import Progress
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Packed
from sensorium.table.prepared import Prepared, Target
from sensorium.types import Json
from tiny import asked, fakes, plan_of, table_of, untrained

TEXT = plan_of({"words": asked("text")}, "regress")


def ragged(lengths: list[int]) -> Prepared:
    """A text column with these numbers of tokens; 0 is missing."""
    ids = np.arange(2, 2 + sum(lengths), dtype=np.uint16)
    status = np.array([PRESENT if n else MISSING for n in lengths], np.uint8)
    part = Packed(ids, status, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    return Prepared(np.arange(len(lengths)), {"words": (part,)})


def test_ragged_rows_are_padded_to_the_longest_of_their_batch() -> None:
    data = ragged([3, 1, 0, 5])
    x = Batches(TEXT, data).batch(np.array([1, 0, 2])).inputs["words"]
    assert x.values.tolist() == [[5, 0, 0], [2, 3, 4], [0, 0, 0]]
    assert x.mask.tolist() == [[True, False, False], [True, True, True], [False, False, False]]
    assert Batches(TEXT, data).batch(np.array([2])).inputs["words"].values.tolist() == [[0]]


def test_media_that_rows_share_are_in_a_batch_once(tmp_path: Path) -> None:
    cells = fakes({"photo": "image"}, "regress", 3)
    columns = {"photo": [cells["photo"][r] for r in (0, 1, 0, 2, 0, 1)], "y": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]}
    plan, table = plan_of({"photo": asked("image")}, "regress"), table_of(columns)
    data = prepare(plan, fit_facts(plan, table, np.arange(6)), table)
    assert len(data.inputs["photo"][0].values) == 3
    batch = Batches(plan, data).batch(np.array([2, 0, 5, 4]))
    photos = batch.inputs["photo"].values
    assert len(photos) == 2
    for place, row in enumerate((2, 0, 5, 4)):
        one = Batches(plan, data).batch(np.array([row]))
        assert torch.equal(photos[batch.index["photo"][place]], one.inputs["photo"].values[0])
    assert batch.rows.tolist() == [2, 0, 5, 4]
    assert batch.targets["y"].mask.tolist() == [True] * 4
    seen: list[int] = []
    model = untrained(plan, table).member.model  # type: ignore[attr-defined]
    model.encoder("photo").register_forward_pre_hook(lambda _, given: seen.append(len(given[0].values)))
    model(batch)
    assert seen == [2]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=90), st.integers(1, 20), st.integers(0, 5))
def test_an_epoch_holds_every_row_exactly_once_and_is_seeded(
    lengths: list[int], batch_rows: int, seed: int
) -> None:
    batches = Batches(TEXT, ragged(lengths))
    order = batches.order(batch_rows, np.random.default_rng(seed))
    assert sorted(np.concatenate(order).tolist()) == list(range(len(lengths)))
    assert sorted(len(o) for o in order)[1:] == [batch_rows] * (len(order) - 1)
    again = batches.order(batch_rows, np.random.default_rng(seed))
    assert [o.tolist() for o in again] == [o.tolist() for o in order]


def test_rows_of_like_length_come_together_and_epochs_differ() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, 640).tolist()
    batches = Batches(TEXT, ragged(lengths))
    one, other = (batches.order(20, np.random.default_rng(seed)) for seed in (1, 2))
    assert [o.tolist() for o in one] != [o.tolist() for o in other]
    spread = np.mean([np.ptp(np.array(lengths)[rows]) for rows in one])
    assert spread < 8


def test_no_rows_make_no_batches() -> None:
    batches = Batches(TEXT, ragged([1]))
    batches.data = Prepared(np.arange(0), {})
    assert batches.order(4, np.random.default_rng(0)) == []


def test_rows_without_ragged_inputs_are_shuffled_only() -> None:
    plan, table = plan_of({"a": asked("number")}, "regress"), table_of(fakes({"a": "number"}, "regress", 9))
    batches = Batches(plan, prepare(plan, fit_facts(plan, table, np.arange(9)), table))
    assert batches.lengths() is None
    assert np.concatenate(batches.order(4, np.random.default_rng(3))).tolist() == (
        np.random.default_rng(3).permutation(9).tolist()
    )


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("none", None),
        ("balanced", [2 / 3, 2.0, 0.0]),
        ("sqrt", [0.8453, 1.4641, 0.0]),
        ("effective", [0.6670, 1.9990, 0.0]),  # effective numbers 2.997 and 1
        (0.5, [0.8421, 1.4737, 0.0]),  # 1.75 and 1
    ],
)
def test_class_weights_have_mean_1_over_the_rows(how: str | float, expected: list[float] | None) -> None:
    target = Target(np.array([0, 0, 0, 1, 2]), np.array([True, True, True, True, False]))
    asked_for = TargetPlan("y", Choice("classify"), Choice("x"), Choice("x"), "x", how)  # type: ignore[arg-type]
    found = class_weights(asked_for, {"labels": ["a", "b", "c"]}, target)
    if expected is None:
        assert found == {}
        return
    np.testing.assert_allclose(found["class_weights"], expected, atol=1e-4)
    weights = np.array(found["class_weights"])[target.values[target.mask]]
    assert weights.mean() == pytest.approx(1, abs=1e-4)
    assert class_weights(asked_for, {"width": 1}, target) == {}


def test_weights_are_read_as_numbers() -> None:
    columns = fakes({"a": "number"}, "regress", 4) | {"w": ["1", 0, 2.5, True and 3]}
    plan, table = plan_of({"a": asked("number")}, "regress", weight="w"), table_of(columns)
    facts = fit_facts(plan, table, np.arange(4))
    data = prepare(plan, facts, table)
    assert data.weight is not None
    assert data.weight.tolist() == [1, 0, 2.5, 3]
    assert prepare(plan, facts, table, answering=True).weight is None
    batch = Batches(plan, data).batch(np.array([2, 1]))
    assert batch.weight is not None
    assert (batch.weight.dtype, batch.weight.tolist()) == (torch.float32, [2.5, 0.0])


def test_corrupt_cells_are_told_with_their_rows_in_the_table() -> None:
    columns = {"a": [1.5, "broken", None, 2.5, 3.5], "y": [1.0, 2.0, 3.0, 4.0, 5.0]}
    plan, table = plan_of({"a": asked("number")}, "regress"), table_of(columns)
    data = prepare(plan, fit_facts(plan, table, np.array([0, 3, 4])), table)
    assert corrupt_count(data.columns["a"]) == 1
    ((column, row, why),) = corrupt_cells(data.rows(np.array([4, 1])))
    assert (column, row) == ("a", 1)
    assert "broken" in why


def test_a_column_that_two_inputs_read_is_as_bad_as_the_worse_of_them() -> None:
    columns = {"a": ["1", "red", None, "2", "3"], "y": [1.0, 2.0, 3.0, 4.0, 5.0]}
    inputs: dict[str, Json] = {"n": asked("number", ["a"]), "c": asked("category", ["a"])}
    plan, table = plan_of(inputs, "regress"), table_of(columns)
    made = untrained(plan, table)
    data = made.prepare(table)
    assert data.columns["a"].row_status().tolist() == [PRESENT, CORRUPT, MISSING, PRESENT, PRESENT]
    assert [row["y.missing"] for row in made.cells(data)] == ["", "a (corrupt)", "a", "", ""]
    assert [(c, r) for c, r, _ in corrupt_cells(data)] == [("a", 1)]


def test_a_group_of_columns_has_a_part_for_each_whatever_others_are_called() -> None:
    kinds = {"room": "image", "room#1": "image", "bath": "image"}
    columns = fakes(kinds, "regress", 4)
    inputs: dict[str, Json] = {"room": asked("image", ["room", "bath"]), "room#1": asked("image")}
    plan, table = plan_of(inputs, "regress"), table_of(columns)
    made = untrained(plan, table)
    batch = Batches(plan, made.prepare(table)).batch(np.arange(4))
    assert list(batch.inputs) == ["room", part_name("room", 1), "room#1"]
    model: Model = made.member.model  # type: ignore[attr-defined]
    tokens = model(batch, "encode").inputs
    assert {n: t.values.shape[1] for n, t in tokens.items()} == {"room": 2, "room#1": 1}


def test_columns_may_have_any_name_that_modules_have_too() -> None:
    odd = ["version", "modules", "parameters", "a.b", "a%2Eb", "a\u00b7b", "train", "", "forward", " "]
    names = [*odd, *(n.removeprefix("_") for n in dir(nn.ModuleDict()))]
    made = nn.ModuleDict({key(name): nn.Identity() for name in names})
    assert len(made) == len(set(names))
    columns = fakes(dict.fromkeys(odd[:7], "number"), "regress")
    plan = plan_of({n: asked("number") for n in odd[:7]}, "regress")
    assert np.isfinite(untrained(plan, table_of(columns)).numbers(
        prepare(plan, fit_facts(plan, table_of(columns), np.arange(12)), table_of(columns))
    ).values["y"]).all()  # fmt: skip


def test_progress_is_silent_where_nobody_watches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Progress() as progress:
        assert list(progress.over(range(3), "counting", 3)) == [0, 1, 2]
        bar = progress.add("more", 2)
        progress.tell(bar, 1, "half")
        progress.remove(bar)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_goes_to_stderr_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with Progress() as progress:
        assert progress.live
        assert list(progress.over(range(3), "counting", 3)) == [0, 1, 2]
    assert "counting" in screen.getvalue()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("screen", [None, "closed"])
def test_progress_needs_no_stderr(screen: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", None if screen is None else closed)
    with Progress() as progress:
        assert list(progress.over([1], "x", 1)) == [1]
