"""Dates and times: what networks and trees get of them, worked by hand, and when a column is one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from sensorium.errors import PlanError
from sensorium.infer import infer
from sensorium.infer_columns import guess_modality
from sensorium.inspect_table import inspect
from sensorium.load_table import load_table
from sensorium.modalities.date import Date
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.types import Arrays, Facts

DAYS: list[Cell] = ["2020-01-06", "2020-01-08", "2020-02-03", "2020-01-07"]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def dates(cells: list[Cell], modality: Date | None = None) -> tuple[Packed, Facts]:
    made = modality or Date()
    facts = made.fit([cells], rng())
    return made.prepare(cells, facts), facts


def network(packed: Packed, facts: Facts) -> Arrays:
    """What an encoder gets of all rows."""
    modality = Date()
    made = modality.arrays(packed, packed.records(), "scalar")
    found: Arrays = modality.front([facts], "scalar")(made)
    return found


def kind_of(cells: list[Any], column: str = "x") -> str | None:
    return guess_modality(cells, load_table({"x": [1]}), column)[0]


def test_a_date_is_elapsed_time_and_what_varies_of_the_calendar() -> None:
    packed, facts = dates([*DAYS, None, "31.02.2020"])
    assert facts["parts"] == ["weekday", "day", "month", "year_day"]
    assert packed.row_status().tolist() == [PRESENT] * 4 + [MISSING, CORRUPT]
    assert packed.row_reasons() == {5: "'31.02.2020' is no date: 2020-02 has 29 days, not 31"}
    elapsed = np.array([0, 2, 28, 1])
    np.testing.assert_allclose(packed.values[:4, 0], (elapsed - 7.75) / elapsed.std(), rtol=1e-6)
    np.testing.assert_array_equal(
        packed.values[:4, 1:], [[0, 6, 1, 6], [2, 8, 1, 8], [0, 3, 2, 34], [1, 7, 1, 7]]
    )
    assert datetime.fromtimestamp(facts["start"], UTC) == datetime(2020, 1, 6, tzinfo=UTC)


def test_a_network_gets_sine_and_cosine_and_trees_the_numbers_too() -> None:
    packed, facts = dates([*DAYS, None])
    x = network(packed, facts)
    turn = 2 * np.pi * np.array([0, 2, 0, 1]) / 7
    np.testing.assert_allclose(x.values[:4, 1], np.sin(turn), atol=1e-6)
    np.testing.assert_allclose(x.values[:4, 2], np.cos(turn), atol=1e-6)
    assert x.values.shape == (5, 9)
    assert not x.values[4].any()
    field = Date().field("dates", [facts])
    (plain,) = Date().plain([packed], [facts])
    assert field is not None
    assert (field.kind, field.features, field.scaled) == ("numbers", 13, False)
    assert plain.values.shape == (5, 13)
    np.testing.assert_array_equal(plain.values[:, :5], packed.values)
    np.testing.assert_allclose(plain.values[:4, 5:7], np.stack([np.sin(turn), np.cos(turn)], 1), atol=1e-6)
    assert plain.mask is not None
    assert plain.mask.tolist() == [[True] * 13] * 4 + [[False] * 13]


def test_midnight_and_december_are_near_what_follows_them() -> None:
    packed, facts = dates(["2020-12-31T23:59:00", "2021-01-01T00:01:00", "2020-06-30T12:00:00"])
    x = network(packed, facts).values[:, 1:]
    assert (x[0] - x[1]).norm() < 1.2 < (x[0] - x[2]).norm()


def test_columns_of_dates_are_one_input_in_their_order() -> None:
    first, one = dates(DAYS)
    second, other = dates(["10:00", "11:30", None, "23:00"])
    assert (other["parts"], other["elapsed"]) == (["hour"], False)
    (joined,) = Date().join([first, second])
    modality = Date()
    x = modality.front([one, other], "scalar")(modality.arrays(joined, np.arange(4), "scalar"))
    torch.testing.assert_close(x.values[:, :9], network(first, one).values)
    torch.testing.assert_close(x.values[:, 9:], network(second, other).values)
    assert modality.describe([one, other], "scalar")["features"] == 11
    (plain,) = modality.plain([joined], [one, other])
    assert plain.values.shape[1] == modality.field("x", [one, other]).features == 13 + 3  # type: ignore[union-attr]


def test_far_moments_do_not_rule_the_others() -> None:
    packed, _ = dates([str(datetime(2020, 1, 1) + timedelta(days=d * 3 % 50)) for d in range(50)])
    wild, _ = dates(
        [*(str(datetime(2020, 1, 1) + timedelta(days=d * 3 % 50)) for d in range(50)), "9999-12-31"]
    )
    assert np.abs(wild.values[:50, 0]).max() < 3
    assert wild.values[50, 0] < 30
    assert packed.values[:, 0].std() == pytest.approx(1, abs=1e-5)


def test_every_choice_of_dates_changes_something() -> None:
    hourly: list[Cell] = [str(datetime(2020, 1, 1) + timedelta(hours=h)) for h in range(100)]
    assert dates(hourly)[1]["elapsed"] is False
    assert dates(hourly, Date(elapsed="always"))[1]["elapsed"] is True
    assert dates(DAYS, Date(elapsed="never"))[0].values.shape == (4, 4)
    assert dates(DAYS, Date(parts=("month",)))[0].values[:, 1].tolist() == [1, 1, 2, 1]
    assert dates(DAYS, Date(parts=()))[0].values.shape == (4, 1)
    slashes: list[Cell] = ["01/02/2020", "03/04/2020"]
    assert dates(slashes)[1]["order"] == "month"
    assert dates(slashes, Date(order="day"))[0].values[:, -2].tolist() == [2, 4]
    zoned: list[Cell] = ["2020-01-01T23:00:00-05:00", "2020-01-02T08:00:00-05:00"]
    hours = {zone: dates(zoned, Date(zone=zone))[0].values[:, 1].tolist() for zone in ("auto", "utc", "own")}
    assert hours == {"auto": [23, 8], "utc": [4, 13], "own": [23, 8]}
    mixed: list[Cell] = [zoned[0], "2020-01-02T08:00:00Z"]
    assert dates(mixed)[0].values[:, 1].tolist() == [4, 8]
    assert dates(mixed, Date(zone="own"))[0].values[:, 1].tolist() == [23, 8]
    assert dates([30, 400])[1]["unit"] == "years"
    assert dates([30, 400], Date(unit="days"))[0].values[:, -1].tolist() == [31, 36]
    wild: list[Cell] = [*DAYS * 30, "2090-01-01"]
    assert dates(wild)[0].values[-1, 0] > dates(wild, Date(clip=1.0))[0].values[-1, 0]


def test_nothing_left_of_the_dates_is_told() -> None:
    with pytest.raises(PlanError) as caught:
        Date(parts=(), elapsed="never")
    assert str(caught.value) == (
        "parts is empty and elapsed is never: nothing of the dates is left. Name a part, or leave "
        "the column out."
    )


def test_what_is_left_open_is_noted() -> None:
    assert Date().notes(dates(["01/02/2020", "03/04/2020"])[1]) == (
        "whether the day or the month comes first is not settled by its cells; the month "
        "was taken to be first, order says it",
    )
    hourly: list[Cell] = [str(datetime(2020, 1, 1) + timedelta(hours=h)) for h in range(100)]
    assert Date().notes(dates(hourly)[1]) == (
        "its moments count the training rows at one step, so elapsed time would only tell a row's "
        "place and is left out; elapsed: always keeps it",
    )
    assert Date().notes(dates(DAYS)[1]) == ()
    assert Date().notes(dates(["01/02/2020", "13/02/2020"])[1]) == ()


def test_the_order_of_training_rows_holds_for_others() -> None:
    modality = Date()
    facts = modality.fit([["13/01/2020", "02/01/2020"]], rng())
    packed = modality.prepare(["03/04/2020", "12/31/2020"], facts)
    assert packed.values[0, 1:3].tolist() == [4.0, 3.0]  # a Friday, the third
    assert packed.row_reasons() == {
        1: "'12/31/2020' is no date: there is no month 31; the column writes the day first"
    }


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([str(datetime(2020, 1, 1) + timedelta(days=d)) for d in range(50)], "date"),
        ([datetime(2020, 1, 1) + timedelta(days=d) for d in range(50)], "date"),
        ([f"{d % 28 + 1}/{d % 12 + 1}/2020" for d in range(100)], "date"),
        ([f"2020-{m % 12 + 1:02}" for m in range(200)], "date"),
        ([f"{h % 24:02}:15" for h in range(200)], "date"),
        ([20200101 + d for d in range(28)], "date"),
        (["20200101", "20200105", "20200228", "20201231", "20210101", "20210606"] * 5, "date"),
        ([1_600_000_020 + 60 * int(m) for m in np.random.default_rng(0).integers(0, 10**6, 50)], "date"),
        ([1_600_000_000 + int(m) for m in np.random.default_rng(0).integers(0, 10**6, 50)], "number"),
        (list(range(1990, 2021)) * 3, "number"),
        ([str(y) for y in range(1990, 2021)] * 3, "number"),
        ([f"{m}.{p}.{b}" for m in range(3) for p in range(5) for b in range(5)], "category"),
        (["May", "June", "July"] * 20, "category"),
        ([f"{4000 + 7 * n}-{n % 9 + 1}-{n % 3 + 1}" for n in range(60)], "category"),
        (["on 2020-01-01 we met", "then 2020-02-02 it ended", "see 2020-03-03 for more"] * 9, "category"),
    ],
)  # fmt: skip
def test_a_column_is_dates_when_its_cells_are(cells: list[Any], kind: str) -> None:
    if kind == "category":
        assert kind_of(cells) != "date"
        return
    assert kind_of(cells) == kind


def test_a_name_decides_where_epoch_numbers_leave_it_open() -> None:
    seconds = [1_600_000_000 + int(m) for m in rng().integers(0, 10**7, 50)]
    for name in ("created_at", "eventTime", "TIMESTAMP", "date"):
        assert kind_of(seconds, name) == "date", name
    for name in ("id", "latitude", "amount", "update"):
        assert kind_of(seconds, name) == "number", name
    assert kind_of(list(range(1990, 2021)), "date") == "number"


def test_a_table_of_dates_becomes_one_input_and_counters_are_dropped() -> None:
    start, draws = datetime(2020, 1, 1), rng().integers(0, 10**7, (2, 60))
    table = load_table(
        pa.table(
            {
                "begun": pa.array(
                    [start + timedelta(seconds=int(s)) for s in draws[0]], pa.timestamp("ns", "UTC")
                ),
                "day": pa.array([(start + timedelta(seconds=int(s))).date() for s in draws[1]], pa.date32()),
                "row": [str(start + timedelta(seconds=s)) for s in range(60)],
                "label": ["a", "b"] * 30,
            }
        )
    )
    found = infer(table, "label")
    assert found.plan.inputs["dates"].columns == ("begun", "day")
    assert found.dropped() == {
        "row": "it only names the rows: moments 1 s apart, in the rows' order for less than two days"
    }


def test_inspect_is_told_the_range_the_zone_and_the_order() -> None:
    assert Date.summary(["13/01/2020 10:00", "02/02/2021"]) == {
        "from": "2020-01-13 10:00:00",
        "to": "2021-02-02",
        "varying": "hour, weekday, day, month, day of year",
        "order": "day first (1 cells can be read in no other order)",
    }
    zoned = Date.summary(["2020-01-01T00:00:00Z", "2020-01-01T00:00:00+01:00"])
    assert zoned["zone"] == "UTC, of 2 zones"
    assert zoned["varying"] == "hour, weekday, day, month, day of year"
    assert Date.summary(["x"]) == {}
    assert Date().show(datetime(2020, 1, 1), 1000).words == "2020-01-01T00:00:00"


def test_inspect_tells_what_is_left_open() -> None:
    cells = ["01/02/2020", "03/04/2020", "05/06/2020", "07/08/2021"] * 6
    told = str(inspect(load_table({"x": cells, "y": ["a", "b"] * 12}), "y"))
    assert "note: whether the day or the month comes first is not settled" in " ".join(told.split())
