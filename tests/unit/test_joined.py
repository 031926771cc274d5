"""Columns of one input as one vector: which parts count, and that rows and hidden cells do not leak."""

import numpy as np
import torch

from sensorium.batches import Batches
from sensorium.model import Model, input_of, part_name, parts_of
from sensorium.nn.joined import Joined
from sensorium.prepare import prepare
from sensorium.types import Batch, Tokens
from tiny import asked, fakes, plan_of, table_of, untrained

PARTS = {"a": "image", "b": "image"}
PLAN = plan_of({"rooms": asked("image", ["a", "b"]) | {"group": "joined"}, "age": asked("number")}, "regress")


def batch() -> tuple[Model, Batch]:
    """Row 0 has both pictures, row 1 the first, row 2 the second, row 3 none."""
    columns = fakes({**PARTS, "age": "number"}, "regress", 4)
    columns["a"][2] = columns["a"][3] = columns["b"][1] = columns["b"][3] = None
    table = table_of(columns)
    predictor = untrained(PLAN, table)
    data = prepare(PLAN, predictor.facts, table)
    model = predictor.member.model  # type: ignore[attr-defined]
    return model, Batches(PLAN, data).batch(np.arange(4))


def test_a_joined_input_is_one_token_that_is_real_where_any_part_is() -> None:
    model, given = batch()
    tokens = model(given, "encode").inputs["rooms"]
    assert tokens.values.shape == (4, 1, 8)
    assert tokens.mask.tolist() == [[True], [True], [True], [False]]
    assert not tokens.values[3].any()
    hidden = Batch(
        given.inputs, given.index, given.rows, given.targets,
        {"rooms": torch.tensor([True, False, False, False])},
    )  # fmt: skip
    assert model(hidden, "train").inputs["rooms"].mask.tolist() == [[False], [True], [True], [False]]


def test_every_part_and_every_missing_part_changes_the_token_and_gets_a_gradient() -> None:
    torch.manual_seed(0)
    joined = Joined(2, 3)
    with torch.no_grad():
        joined.missing.normal_()
    one = Tokens(torch.randn(3, 2, 3), torch.tensor([[True, True], [True, False], [False, False]]))
    other = Tokens(torch.randn(3, 1, 3), torch.tensor([[True], [False], [True]]))
    found = joined([one, other])
    expected = torch.cat(
        [
            torch.stack([one.values[0].mean(0), one.values[1, 0], joined.missing[0]]),
            torch.stack([other.values[0, 0], joined.missing[1], other.values[2, 0]]),
        ],
        1,
    )
    torch.testing.assert_close(found.values[:, 0], joined.map(expected))
    found.values.sum().backward()
    assert joined.missing.grad is not None
    assert joined.missing.grad.abs().sum(1).gt(0).all()


def test_what_stands_in_masked_places_and_in_other_rows_does_not_matter() -> None:
    torch.manual_seed(0)
    joined = Joined(2, 3)
    mask = torch.tensor([[True, False], [True, True]])
    values, whole = torch.randn(2, 2, 3), torch.ones(2, 1, dtype=torch.bool)
    other = Tokens(torch.randn(2, 1, 3), whole)
    broken = values.clone()
    broken[0, 1] = torch.nan
    broken[1] += 5
    one, two = (joined([Tokens(v, mask), other]).values for v in (values, broken))
    assert torch.equal(one[0], two[0])
    assert not torch.equal(one[1], two[1])


def test_a_fusion_starts_from_the_joining_of_a_trained_single_model() -> None:
    columns = fakes({**PARTS, "age": "number"}, "regress", 4)
    predictor = untrained(PLAN, table_of(columns))
    alone = plan_of({"rooms": asked("image", ["a", "b"]) | {"group": "joined"}}, "regress")
    solo, whole = Model(alone, predictor.facts), Model(PLAN, predictor.facts)
    assert not torch.equal(solo.joins["c_rooms"].map.weight, whole.joins["c_rooms"].map.weight)
    whole.start_from({"rooms": solo})
    assert torch.equal(solo.joins["c_rooms"].map.weight, whole.joins["c_rooms"].map.weight)


def test_parts_are_named_in_one_way() -> None:
    names = ["x", "x#1", part_name("x", 1), part_name("x", 2), part_name("x#1", 1)]
    made = Batch({n: batch()[1].inputs["age"] for n in names}, {}, torch.arange(4))
    assert parts_of(made, "x") == ["x", part_name("x", 1), part_name("x", 2)]
    assert parts_of(made, "x#1") == ["x#1", part_name("x#1", 1)]
    assert [input_of(n) for n in names] == ["x", "x#1", "x", "x", "x#1"]
