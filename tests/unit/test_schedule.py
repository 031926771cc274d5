"""What a plan leaves open for one network."""

import time
from dataclasses import replace

import toy
from sensorium.plan_parse import parse
from sensorium.plan_write import to_dict
from sensorium.train.climb import Budget
from sensorium.train.schedule import settled


def test_what_a_plan_leaves_open_follows_from_the_rows() -> None:
    asked = parse(to_dict(toy.job(toy.plan_of("age", "kind")).plan)).train
    left = replace(asked, epochs=None, batch_rows=None)
    found = [settled(left, rows) for rows in (10, 400, 3_000, 100_000)]
    assert [o.batch_rows for o in found] == [16, 32, 128, 128]
    epochs = [o.epochs or 0 for o in found]
    assert epochs == sorted(epochs, reverse=True)
    assert all(o.steps == (o.epochs or 0) * -(-n // (o.batch_rows or 1)) for o, n in
               zip(found, (10, 400, 3_000, 100_000), strict=True))  # fmt: skip
    assert settled(replace(left, precision="auto"), 10).precision in ("float32", "bfloat16")
    assert settled(replace(left, patience=2), 10).patience == 2
    assert (settled(left, 3_000, share=0.5).epochs or 0) < epochs[2]


def test_what_no_clock_stops_is_kept_from_the_time_that_is_left() -> None:
    budget = Budget(time.monotonic() + 100.0, {})
    assert budget.kept(30.0)
    assert not budget.kept(40.0)  # 70 seconds are left: not twice 40
    assert budget.deadline is not None
    assert 60 < budget.deadline - time.monotonic() <= 70
    assert Budget(None, {}).kept(1e9)
