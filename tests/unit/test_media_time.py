"""Moments in every form, and what a calendar says of them."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.errors import CorruptCell, DataError
from sensorium.media.identifiers import identifier_reason
from sensorium.media.time import Style, ahead, common_zone, moments
from sensorium.media.time_calendar import CYCLES, calendar, counts_rows, step_of
from sensorium.media.time_numbers import likely_numbers, unit_of
from sensorium.media.time_words import orders, usual_order, written

NOON = datetime(2020, 1, 31, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-31T12:00:00",
        "2020-01-31 12:00",
        "2020-01-31 12:00:00.000",
        "20200131T1200",
        "2020-W05-5T12:00",
        "2020/1/31 12:00:00 PM",
        "31.01.2020 12:00",
        "31/01/2020, 12:00:00",
        "31-01-20 12:00",
        "31 Jan 2020 12:00",
        "Jan 31, 2020 12:00 pm",
        "January 31st, 2020 at 12 PM",
        "31. Januar 2020 um 12:00",
        "31 de enero de 2020 12:00",
        "31-Jan-20 12:00",
        "Fri Jan 31 12:00:00 2020",
        "2020\u5e741\u670831\u65e5 12:00",
    ],
)
def test_a_moment_is_read_in_many_forms(text: str) -> None:
    found = written(text, "day")
    assert found is not None
    assert (found.wall, found.offset, found.dated) == (NOON, None, True)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2020-01-31T12:00:00Z", 0),
        ("2020-01-31T12:00:00.5+02:00", 2),
        ("Fri, 31 Jan 2020 12:00:00 GMT", 0),
        ("Fri Jan 31 2020 12:00:00 GMT+0100 (Central European Standard Time)", 1),
        ("2020-01-31T12:00:00+01:00[Europe/Berlin]", 1),
        ("31 Jan 2020 12:00 MEZ", 1),
        ("1/31/2020 12:00 PM EST", -5),
        ("2020-01-31 12:00:00 -0530", -5.5),
    ],
)
def test_the_zone_of_a_moment_is_kept_beside_its_wall_time(text: str, hours: float) -> None:
    found = written(text, "month")
    assert found is not None
    assert (found.wall // 1, found.offset) == (NOON, hours * 3600)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        *((text, "2020-07-01") for text in ("2020-07", "Q3 2020", "7/2020", "Jul 2020", "2020-06-30 24:00")),
        ("31.12.69", "1969-12-31"),
        ("31.12.68", "2068-12-31"),
    ],
)
def test_parts_of_a_date_and_short_years_have_a_meaning(text: str, day: str) -> None:
    found = written(text, "day")
    assert found is not None
    assert found.wall == (date.fromisoformat(day) - date(1970, 1, 1)).days * 86400


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("31.02.2020", "'31.02.2020' is no date: 2020-02 has 29 days, not 31"),
        ("2019-02-30", "'2019-02-30' is no date: 2019-02 has 28 days, not 30"),
        ("12/31/2020", "'12/31/2020' is no date: there is no month 31; the column writes the day first"),
        ("2020-13-01", "'2020-13-01' is no date: there is no month 13"),
        ("0000-01-01", "'0000-01-01' is no date: there is no year 0"),
        ("31 Jan", "'31 Jan' is no date: the year is not said"),
        ("May", "'May' is no date"),
        ("12 Jan 12345", "'12 Jan 12345' is no date"),
        ("1.2.30", "'1.2.30' is no date"),
        ("2020-2021", "'2020-2021' is no date"),
        ("192.168.0.1", "'192.168.0.1' is no date"),
        ("25:00", "'25:00' is no moment: a day has no time 25:00:00"),
        ("13:00 pm", "'13:00 pm' is no moment: there is no 13 o'clock before or after noon"),
        ("2020-01-31 12:00 XYZ", "'2020-01-31 12:00 XYZ' is no moment: the zone 'XYZ' is not known"),
        ("tomorrow", "'tomorrow' is no date"),
    ],
)
def test_what_is_no_moment_is_told_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        written(text, "day")
    assert str(caught.value) == why


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.sampled_from(["day", "month"]))
def test_what_python_writes_is_read_back(moment: datetime, order: str) -> None:
    first = "%d/%m" if order == "day" else "%m/%d"
    seconds = (moment.replace(microsecond=0) - datetime(1970, 1, 1)) / timedelta(seconds=1)
    year = f"{moment.year:04}"
    for text in (moment.isoformat(timespec="seconds"), moment.strftime(f"{first}/{year} %I:%M:%S %p")):
        found = written(text, order)  # type: ignore[arg-type]
        assert found is not None
        assert found.wall == seconds


@given(st.text(max_size=30) | st.text("0123456789./-: TZ+,apmJan", max_size=24))
def test_no_text_is_read_as_anything_but_a_moment_nothing_or_a_reason(text: str) -> None:
    found = moments([text], Style())
    assert np.isfinite(found.wall[0]) or np.isnan(found.wall[0])
    assert all(5 < len(why) < 200 for why in found.reasons.values())
    assert np.isnan(found.wall[0]) or not found.reasons


def test_the_order_of_day_and_month_is_settled_by_what_can_only_be_one() -> None:
    assert orders(["01/02/2020", "13/02/2020", "02/03/2020"]) == (
        "day", "1 cells can be read in no other order"
    )  # fmt: skip
    assert orders(["01/13/2020", "01/14/2020", "15/01/2020"])[0] == "month"
    assert orders([f"01/{m:02}/2020" for m in (1, 2, 3)]) == (
        "day", "the first number is always 1, the first day of a month"
    )  # fmt: skip
    assert orders([f"{m:02}/01/2020" for m in (1, 2, 3)])[0] == "month"
    assert orders(["01/02/2020", "02/03/2020"]) == (None, "no cell settles it")
    assert orders(["2020-03-10", "32.13.2020"]) == (None, "")
    assert orders(["2020-01-02"]) == (None, "")
    assert usual_order(["01/02/2020"]) == "month"
    assert usual_order(["01.02.2020"]) == usual_order(["01-02-2020"]) == "day"


def test_cells_of_many_types_are_one_moment() -> None:
    aware = datetime(2020, 1, 31, 14, tzinfo=timezone(timedelta(hours=2)))
    cells = [
        datetime(2020, 1, 31, 12),
        aware,
        np.datetime64("2020-01-31T12:00:00", "ns"),
        b"2020-01-31 12:00",
    ]
    found = moments([*cells, "2020-01-31T12:00:00Z"], Style())
    np.testing.assert_array_equal(found.utc("UTC"), [NOON] * 5)
    assert found.zones.tolist() == [None, "+02:00", None, None, "UTC"]
    rest = moments([date(2020, 1, 31), time(6, 30), None, float("nan"), np.datetime64("NaT"), "n/a"], Style())
    np.testing.assert_array_equal(rest.wall, [NOON - 43200, 6.5 * 3600, *[np.nan] * 4])
    assert rest.dated.tolist() == [True, False, True, True, True, True]
    assert rest.reasons == {}


@pytest.mark.parametrize(
    ("unit", "number"),
    [("s", NOON), ("ms", NOON * 1e3), ("us", NOON * 1e6), ("ns", NOON * 1e9), ("days", 18292.5),
     ("excel", 43861.5), ("years", 2020 + 30.5 / 366)],
)  # fmt: skip
def test_numbers_count_from_where_their_unit_says(unit: str, number: float) -> None:
    for cells in ([number], [number, "x"]):
        found = moments(cells, Style("day", unit))  # type: ignore[arg-type]
        assert found.wall[0] == pytest.approx(NOON, abs=1)
    if unit not in ("days", "excel"):
        assert unit_of([number] * 3) == unit


def test_eight_digits_are_a_day() -> None:
    found = moments([20200131, "20200131", 20200231, 2020013, 20200131.5], Style("day", "ymd"))
    np.testing.assert_array_equal(found.wall, [NOON - 43200, NOON - 43200, *[np.nan] * 3])
    assert found.reasons == {
        2: "'2020-02-31' is no date: 2020-02 has 29 days, not 31",
        3: "2020013 is no date: expected YYYYMMDD",
        4: "2.02001e+07 is no date: expected YYYYMMDD",
    }
    assert unit_of([20200131, 20191231]) == "ymd"


def test_numbers_that_no_year_holds_and_other_cells_are_corrupt() -> None:
    found = moments([1e300, True, [1], -1e15, 5], Style("day", "s"))
    assert found.reasons == {
        0: "1e+300 is no moment of the years 1 to 9999 when it counts s",
        1: "expected a date or a time, got True",
        2: "expected a date or a time, got a list",
        3: "-1e+15 is no moment of the years 1 to 9999 when it counts s",
    }
    assert found.wall[4] == 5
    assert moments([0, 10_000], Style("day", "years")).reasons.keys() == {0, 1}


def test_a_batch_is_read_as_its_cells_alone() -> None:
    cells = [
        "2020-01-31 12:00",
        "2021-02-30",
        "x",
        None,
        "2020-01-31",
        " 2020-01-31 ",
        "2020-01-31T12:00:00Z",
    ]
    for some in (cells, [c for c in cells if c != "2021-02-30"]):
        whole = moments(some, Style())
        for place, cell in enumerate(some):
            alone = moments([cell], Style())
            np.testing.assert_array_equal(alone.wall[0], whole.wall[place])
            np.testing.assert_array_equal(alone.offset[0], whole.offset[place])
            assert alone.reasons.get(0) == whole.reasons.get(place)


def test_moments_of_several_zones_meet_in_utc() -> None:
    cells = ["2020-06-01T08:00:00+02:00", "2020-06-01T06:00:00Z"]
    found = moments(cells, Style())
    assert common_zone(found) == "UTC"
    assert np.ptp(found.utc("UTC")) == 0
    assert calendar(found.local("UTC"), "hour").tolist() == [6, 6]
    assert calendar(found.local("own"), "hour").tolist() == [8, 6]
    assert common_zone(moments(cells[:1], Style())) == "+02:00"
    assert calendar(found.local("+02:00"), "hour").tolist() == [8, 8]
    assert calendar(found.local("-03:30"), "hour").tolist() == [2.5, 2.5]


def test_a_named_zone_has_summer_and_winter() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    cells = [datetime(2020, 1, 1, 8, tzinfo=berlin), datetime(2020, 7, 1, 8, tzinfo=berlin)]
    found = moments([*cells, "2020-07-01T06:00:00Z", "2020-07-01 08:00"], Style())
    assert common_zone(moments(cells, Style())) == "Europe/Berlin"
    assert calendar(found.local("Europe/Berlin"), "hour").tolist() == [8] * 4
    assert calendar(found.utc("Europe/Berlin"), "hour").tolist() == [7, 6, 6, 6]


def test_a_zone_that_the_machine_does_not_know_is_told() -> None:
    with pytest.raises(DataError) as caught:
        ahead(np.zeros(1), "Atlantis/Capital")
    assert str(caught.value) == (
        "the time zone 'Atlantis/Capital' is not known on this machine; install the package tzdata, or give "
        "the column in UTC."
    )


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
def test_the_calendar_is_pythons(moment: datetime) -> None:
    wall = np.array([(moment - datetime(1970, 1, 1)) / timedelta(seconds=1), np.nan])
    told = {part: calendar(wall, part) for part in CYCLES}
    assert all(np.isnan(values[1]) for values in told.values())
    clock = moment.hour + moment.minute / 60 + (moment.second + moment.microsecond / 1e6) / 3600
    assert told["hour"][0] == pytest.approx(clock, abs=1e-4)
    assert (told["weekday"][0], told["day"][0], told["month"][0], told["year_day"][0]) == (
        moment.weekday(), moment.day, moment.month, moment.timetuple().tm_yday
    )  # fmt: skip


def test_numbers_are_moments_only_when_nothing_else_counts_like_that() -> None:
    rng = np.random.default_rng(0)
    seconds = rng.integers(1_400_000_000, 1_600_000_000, 200).astype(float)
    assert likely_numbers(seconds)[0] == 0.6
    assert likely_numbers(seconds // 60 * 60) == (
        0.97, "numbers that are s since 1970 between 1990 and 2038, on whole minutes"
    )  # fmt: skip
    assert likely_numbers(seconds * 1000)[0] == 0.97
    assert likely_numbers(seconds * 1000 + 7)[0] == 0.6
    assert likely_numbers(rng.integers(1990, 2021, 200).astype(float)) == (0.0, "numbers")
    assert likely_numbers(rng.integers(10**9, 10**10, 200).astype(float))[0] == 0
    days = [float(f"{y}{m:02}{d:02}") for y in (2019, 2020) for m in (1, 12) for d in (1, 28)]
    assert likely_numbers(np.array(days)) == (0.97, "whole numbers that read as YYYYMMDD")
    assert likely_numbers(rng.integers(19_000_101, 21_001_231, 50).astype(float))[0] == 0


def test_rows_in_steps_of_time_are_seen_also_in_a_part_of_them() -> None:
    rng = np.random.default_rng(0)
    hourly = NOON + 3600.0 * np.arange(500)
    assert step_of(hourly) == step_of(hourly[::-1]) == 3600
    assert step_of(hourly[np.sort(rng.choice(500, 350, replace=False))]) == 3600
    few = np.sort(rng.choice(500, 100, replace=False))
    assert step_of(hourly[few]) is None
    assert step_of(hourly[few], share=0.2) == 3600
    assert step_of(rng.permutation(hourly)) is None
    assert step_of(NOON + np.sort(rng.uniform(0, 1e7, 500))) is None
    assert step_of(hourly[:19]) is None
    monthly = [datetime(2000 + m // 12, m % 12 + 1, 15, tzinfo=UTC).timestamp() for m in range(60)]
    assert step_of(np.array(monthly)) == pytest.approx(30.4369 * 86400, rel=1e-4)


def test_dates_that_never_come_round_only_name_the_rows() -> None:
    start = datetime(2020, 1, 1)
    seconds = [start + timedelta(seconds=s) for s in range(100)]
    assert identifier_reason(seconds) == "moments 1 s apart, in the rows' order for less than two days"
    texts = [str(one) for one in seconds]
    assert identifier_reason(texts) == "moments 1 s apart, in the rows' order for less than two days"
    years = [f"{year}-01-01" for year in range(1950, 2000)]
    assert identifier_reason(years) == "moments 1 year apart, in the rows' order"
    for step in (timedelta(hours=1), timedelta(days=1)):
        assert identifier_reason([str(start + step * s) for s in range(100)]) is None
    assert identifier_reason([f"{y}-{m:02}" for y in range(2000, 2010) for m in range(1, 13)]) is None
    assert counts_rows([*seconds[:10], *[None] * 10]) is None
