"""Bootstrap intervals: they cover, they shrink, they pair, they keep groups whole."""

import math

import numpy as np
import pytest

from sensorium.metrics import _bootstrap as boot
from sensorium.metrics import metrics
from sensorium.metrics._base import Metric
from sensorium.metrics._bootstrap import bootstrap, paired, resamples, spread


class Plain(Metric):
    """A metric from outside that has neither terms nor weightings: the weighted mean error."""

    kind, better = "numbers", "low"

    def value(self, truth: np.ndarray, answer: np.ndarray, weight: np.ndarray) -> float:
        return float(np.average(answer - truth, weights=weight))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def errors(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(rows), rng(seed).normal(2, 1, rows)


def labels(rows: int, seed: int = 0, right: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Two classes, of which the answer knows a share ``right``."""
    draw = rng(seed)
    truth = draw.integers(0, 2, rows)
    said = np.where(draw.random(rows) < right, truth, 1 - truth)
    return truth, np.eye(2)[said] * 0.6 + 0.2


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    truth, answer = errors(400)
    found = bootstrap(metrics.get("mae")(), truth, answer, None, rng(), 4000)
    half = 1.96 * np.abs(answer).std() / 20
    assert found.value == pytest.approx(np.abs(answer).mean())
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), abs=0.01)
    assert (found.draws, found.rows) == (4000, 400)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    found = [bootstrap(metrics.get("accuracy")(), *labels(200, s), None, rng(s), 300) for s in range(200)]
    covered = sum(f.low <= 0.8 <= f.high for f in found)
    assert 178 <= covered <= 199


def of_kind(kind: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and answers such as a metric of the kind compares."""
    true, said = errors(rows)[1] + 1, np.abs(errors(rows, 1)[1])
    if kind == "labels":
        return labels(rows)
    if kind == "sets":
        shares = rng(1).random((rows, 3))
        return (shares + rng(2).normal(0, 0.3, shares.shape) > 0.5).astype(np.uint8), shares
    return (true, np.stack([said - 1, said + 1], 1)) if kind == "intervals" else (np.abs(true), said)


@pytest.mark.parametrize("name", metrics.names())
def test_every_way_to_resample_gives_the_metric_of_the_resampled_rows(name: str) -> None:
    metric = metrics.get(name)()
    truth, answer = of_kind(metric.kind, 30)
    weight = rng(2).integers(1, 4, 30).astype(float)
    drawn = resamples(30, rng(), 200)
    values = spread(metric, truth, answer, weight, drawn)
    assert len(values) == 200
    for draw in range(0, 200, 40):
        rows = np.repeat(np.arange(30), drawn.counts[:, draw])
        expected = metric.value(truth[rows], answer[rows], weight[rows])
        assert values[draw] == pytest.approx(expected, abs=1e-9)


def test_a_metric_that_only_has_a_value_is_resampled_too() -> None:
    truth, answer = errors(50)
    plain = bootstrap(Plain(), truth, answer, None, rng(), 200)
    terms = bootstrap(metrics.get("mae")(), truth, np.abs(answer), None, rng(), 200)
    assert plain.low == pytest.approx(bootstrap(Plain(), truth, answer, np.ones(50), rng(), 200).low)
    assert terms.low < terms.value < terms.high
    assert plain.low < plain.value < plain.high


def test_metrics_of_equal_terms_share_their_sums_and_others_do_not() -> None:
    truth, answer = labels(50)
    drawn, sums = resamples(50, rng(), 120), {}
    for name in ("accuracy", "f1_macro", "log_loss"):
        metric = metrics.get(name)()
        shared = spread(metric, truth, answer, np.ones(50), drawn, sums)
        np.testing.assert_array_equal(shared, spread(metric, truth, answer, np.ones(50), drawn))
    assert len(sums) == 2


def test_blocks_of_rows_and_of_resamples_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, answer = labels(97)
    names = ("f1_macro", "auroc")
    whole = [bootstrap(metrics.get(n)(), truth, answer, None, rng(), 150) for n in names]
    monkeypatch.setattr(boot, "CELLS", 700)
    for name, expected in zip(names, whole, strict=True):
        found = bootstrap(metrics.get(name)(), truth, answer, None, rng(), 150)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_equal_seeds_give_equal_intervals_and_others_do_not() -> None:
    truth, answer = errors(60)
    one, two, other = (bootstrap(metrics.get("mae")(), truth, answer, None, rng(s)) for s in (1, 1, 2))
    assert one == two
    assert one.low != other.low


def test_a_paired_difference_is_narrower_than_unpaired_ones() -> None:
    truth, answer = errors(200)
    better = answer - 0.1
    mae = metrics.get("mae")()
    found = paired(mae, truth, better, answer, None, rng())
    assert found.value == pytest.approx(np.abs(better).mean() - np.abs(answer).mean())
    assert found.low < found.value < found.high < 0
    alone = bootstrap(mae, truth, answer, None, rng())
    assert found.high - found.low < (alone.high - alone.low) / 5


def test_an_answer_does_not_differ_from_itself() -> None:
    truth, answer = labels(50)
    found = paired(metrics.get("auroc")(), truth, answer, answer, None, rng(), 200)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_groups_are_drawn_whole() -> None:
    groups = np.array(["b", "a", "b", "c", "c", "c"])
    drawn = resamples(6, rng(), 50, groups)
    counts = drawn.counts.astype(int)
    assert (counts[0] == counts[2]).all()
    assert (counts[3] == counts[4]).all()
    assert (counts[4] == counts[5]).all()
    assert (counts[0] + counts[1] + counts[3] == 3).all()


def test_rows_of_a_group_that_agree_widen_the_interval() -> None:
    answer = np.repeat(rng().normal(2, 1, 30), 10)
    truth, groups = np.zeros(300), np.repeat(np.arange(30), 10)
    mae = metrics.get("mae")()
    by_row = bootstrap(mae, truth, answer, None, rng())
    by_group = bootstrap(mae, truth, answer, None, rng(), 1000, groups)
    ratio = (by_group.high - by_group.low) / (by_row.high - by_row.low)
    assert ratio == pytest.approx(math.sqrt(10), rel=0.15)


def test_a_part_of_many_rows_gives_about_the_interval_of_all() -> None:
    truth, answer = errors(4000)
    mae = metrics.get("mae")()
    whole = bootstrap(mae, truth, answer, None, rng())
    part = bootstrap(mae, truth, answer, None, rng(), most_rows=500)
    assert (whole.rows, part.rows) == (4000, 500)
    assert part.value == whole.value
    assert part.high - part.low == pytest.approx(whole.high - whole.low, rel=0.15)
    assert part.low < part.value < part.high


def test_a_part_of_many_groups_keeps_them_whole() -> None:
    groups = np.repeat(np.arange(100), 7)
    drawn = resamples(700, rng(), 5, groups, most_rows=100)
    assert len(drawn.part) == 98
    assert np.bincount(groups[drawn.part], minlength=100).tolist().count(7) == 14
    assert (drawn.counts.astype(int).sum(0) == 98).all()
    one = resamples(700, rng(), 5, np.zeros(700), most_rows=100)
    assert len(one.part) == 700


def test_the_weight_of_rows_reaches_value_and_interval() -> None:
    truth, answer = np.zeros(100), np.repeat([0.0, 10.0], 50)
    weight = np.repeat([3.0, 1.0], 50)
    found = bootstrap(metrics.get("mae")(), truth, answer, weight, rng())
    assert found.value == pytest.approx(2.5)
    assert 1 < found.low < 2.5 < found.high < 4


def test_what_is_not_defined_has_no_interval_and_is_null_as_json() -> None:
    truth, answer = np.ones(20, np.int64), labels(20)[1]
    found = bootstrap(metrics.get("auroc")(), truth, answer, None, rng(), 200)
    assert found.to_dict() == {"value": None, "low": None, "high": None}
    empty = bootstrap(metrics.get("accuracy")(), truth[:0], answer[:0], None, rng(), 200)
    assert empty.to_dict() == {"value": None, "low": None, "high": None}
    assert empty.draws == 0


def test_resamples_without_a_value_are_left_out() -> None:
    truth = np.array([1] * 3 + [0] * 40)
    answer = rng().random((43, 1)) * [[1, -1]] + [[0, 1]]
    found = bootstrap(metrics.get("auroc")(), truth, answer, None, rng(), 1000)
    assert 900 < found.draws < 1000
    assert found.low < found.value < found.high


def test_a_metric_that_sorts_takes_fewer_resamples_of_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, answer = labels(100)
    monkeypatch.setattr(boot, "WORK", 100 * 2 * 150)
    assert bootstrap(metrics.get("auroc")(), truth, answer, None, rng()).draws == 150
    assert bootstrap(metrics.get("accuracy")(), truth, answer, None, rng()).draws == 1000
    monkeypatch.setattr(boot, "WORK", 100 * 2 * 99)
    found = bootstrap(metrics.get("auroc")(), truth, answer, None, rng())
    assert math.isnan(found.low)
    assert found.value > 0.5


def test_too_few_rows_or_groups_have_no_interval() -> None:
    truth, answer = errors(8)
    mae = metrics.get("mae")()
    assert math.isnan(bootstrap(mae, truth[:4], answer[:4], None, rng()).low)
    assert bootstrap(mae, truth[:5], answer[:5], None, rng()).low > 0
    assert math.isnan(bootstrap(mae, truth, answer, None, rng(), 1000, np.zeros(8)).low)
    assert bootstrap(mae, truth, answer, None, rng(), 1000, np.arange(8) % 2).low > 0
