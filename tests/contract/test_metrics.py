"""Every metric equals its reference on random input with weights, ties and missing classes."""

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from sensorium.metrics import metrics
from sensorium.metrics._base import ConfusionMetric, Metric, RankMetric, RowMetric, WeightedMetric

NAMES = metrics.names()
LABELS = [n for n in NAMES if metrics.get(n).kind == "labels"]
NUMBERS = [n for n in NAMES if metrics.get(n).kind == "numbers"]
SETS = [n for n in NAMES if metrics.get(n).kind == "sets"]
CONFUSIONS = [n for n in LABELS if issubclass(metrics.get(n), ConfusionMetric)]
RANKS = [n for n in LABELS if issubclass(metrics.get(n), RankMetric)]

SAID: dict[str, Callable[..., float]] = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "f1_macro": lambda t, a, sample_weight: reference.f1_score(
        t, a, average="macro", sample_weight=sample_weight
    ),
    "f1_weighted": lambda t, a, sample_weight: reference.f1_score(
        t, a, average="weighted", sample_weight=sample_weight
    ),
    "precision_macro": lambda t, a, sample_weight: reference.precision_score(
        t, a, average="macro", sample_weight=sample_weight
    ),
    "recall_macro": lambda t, a, sample_weight: reference.recall_score(
        t, a, average="macro", sample_weight=sample_weight
    ),
    "mcc": reference.matthews_corrcoef,
    "quadratic_weighted_kappa": lambda t, a, sample_weight: reference.cohen_kappa_score(
        t, a, labels=range(1 + max(*t, *a)), weights="quadratic", sample_weight=sample_weight
    ),
    "mae_ranks": reference.mean_absolute_error,
}
VALUES: dict[str, Callable[..., float]] = {
    "mae": reference.mean_absolute_error,
    "rmse": reference.root_mean_squared_error,
    "r2": reference.r2_score,
    "mape": reference.mean_absolute_percentage_error,
    "rmsle": reference.root_mean_squared_log_error,
    "median_absolute_error": reference.median_absolute_error,
    "poisson_deviance": lambda t, a, sample_weight: reference.mean_poisson_deviance(
        t, a.clip(min=np.finfo(float).eps), sample_weight=sample_weight
    ),
}


def one(name: str) -> Metric:
    return metrics.get(name)()


def labels(seed: int, rows: int = 60, classes: int = 4, present: int = 4) -> tuple[np.ndarray, ...]:
    """Truth in the first ``present`` classes, probabilities with ties, and weights."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, present, rows)
    scores = rng.integers(1, 6, (rows, classes)).astype(float)
    scores[np.arange(rows), truth] += rng.integers(0, 3, rows)
    return truth, scores / scores.sum(1, keepdims=True), rng.integers(1, 5, rows) / 2


def numbers(seed: int, rows: int = 60) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 20, rows).astype(float)
    return truth, np.round(truth + rng.normal(0, 3, rows)).clip(min=0), rng.integers(1, 5, rows) / 2


def sets(seed: int, rows: int = 60, classes: int = 4, present: int = 4) -> tuple[np.ndarray, ...]:
    """Sets of the first ``present`` labels, none in some rows; probabilities with ties, and weights."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((rows, classes)) < 0.35) & (np.arange(classes) < present)
    scores = np.clip(np.round(0.3 + 0.4 * truth + rng.normal(0, 0.3, truth.shape), 1), 0.1, 0.9)
    scores[0], truth[0] = 0.1, False
    return truth.astype(np.uint8), scores, rng.integers(1, 5, rows) / 2


def intervals(seed: int) -> tuple[np.ndarray, ...]:
    """Numbers and answers of two ends, of which some hold them."""
    truth, answer, weight = numbers(seed)
    return truth, np.stack([answer - 2, answer + 1 + truth / 9], axis=1), weight


def any_of(name: str, seed: int) -> tuple[np.ndarray, ...]:
    """Truth, answers and weights of the metric's kind."""
    kinds = {"labels": labels, "numbers": numbers, "sets": sets, "intervals": intervals}
    return kinds[one(name).kind](seed)


def told(name: str, truth: np.ndarray, answer: np.ndarray, weight: np.ndarray) -> float:
    """The reference's value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", reference._classification.UndefinedMetricWarning)
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
        if name in SAID:
            return SAID[name](truth, answer.argmax(1), sample_weight=weight)
        if name == "log_loss":
            return reference.log_loss(truth, answer, sample_weight=weight, labels=range(answer.shape[1]))
        if name == "spearman":
            repeats = np.repeat(np.arange(len(truth)), np.round(2 * weight).astype(int))
            return float(stats.spearmanr(truth[repeats], answer[repeats]).statistic)
        return VALUES[name](truth, answer, sample_weight=weight)


def one_against_rest(name: str, truth: np.ndarray, answer: np.ndarray, weight: np.ndarray) -> float:
    score = {"auroc": reference.roc_auc_score, "average_precision": reference.average_precision_score}[name]
    if answer.shape[1] == 2:
        return score(truth, answer[:, 1], sample_weight=weight)
    there = [k for k in range(answer.shape[1]) if (truth == k).any()]
    return float(np.mean([score(truth == k, answer[:, k], sample_weight=weight) for k in there]))


@pytest.mark.parametrize("name", [n for n in LABELS if n not in RANKS])
@pytest.mark.parametrize(("classes", "present"), [(2, 2), (4, 4), (5, 3)])
def test_a_metric_of_labels_equals_the_reference(name: str, classes: int, present: int) -> None:
    for seed in range(5):
        truth, answer, weight = labels(seed, classes=classes, present=present)
        for mass in (weight, np.ones(len(truth))):
            expected = told(name, truth, answer, mass)
            assert one(name).value(truth, answer, mass) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", RANKS)
@pytest.mark.parametrize(("classes", "present"), [(2, 2), (4, 4), (5, 3)])
def test_a_metric_of_ranks_equals_the_reference(name: str, classes: int, present: int) -> None:
    for seed in range(5):
        truth, answer, weight = labels(seed, classes=classes, present=present)
        expected = one_against_rest(name, truth, answer, weight)
        assert one(name).value(truth, answer, weight) == pytest.approx(expected, abs=1e-12)


def test_auroc_of_many_classes_is_that_of_scikit_learn_when_all_are_there() -> None:
    truth, answer, weight = labels(0)
    expected = reference.roc_auc_score(
        truth, answer, sample_weight=weight, multi_class="ovr", average="macro"
    )
    assert one("auroc").value(truth, answer, weight) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_metric_of_numbers_equals_the_reference(name: str) -> None:
    for seed in range(5):
        truth, answer, weight = numbers(seed)
        for mass in (weight, np.ones(len(truth))):
            expected = told(name, truth, answer, mass)
            assert one(name).value(truth, answer, mass) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_weight_is_as_many_equal_rows(name: str) -> None:
    truth, answer, _ = any_of(name, 3)
    times = np.random.default_rng(5).integers(0, 4, len(truth))
    repeats = np.repeat(np.arange(len(truth)), times)
    repeated = one(name).value(truth[repeats], answer[repeats], np.ones(len(repeats)))
    assert one(name).value(truth, answer, times.astype(float)) == pytest.approx(repeated, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_scale_of_the_weights_and_the_order_of_rows_do_not_matter(name: str) -> None:
    truth, answer, weight = any_of(name, 4)
    order = np.random.default_rng(0).permutation(len(truth))
    value = one(name).value(truth, answer, weight)
    assert one(name).value(truth, answer, weight * 1e-6) == pytest.approx(value, abs=1e-9)
    assert one(name).value(truth[order], answer[order], weight[order]) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_better_answers_score_better(name: str) -> None:
    if name in LABELS:
        truth, answer, weight = labels(5)
        best = np.eye(4)[truth] * 0.9 + 0.025
    elif name in SETS:
        truth, answer, weight = sets(5)
        best = truth * 0.9 + 0.05
    elif one(name).kind == "intervals":
        truth, answer, weight = intervals(5)
        best = np.stack([truth, truth], axis=1)
    else:
        truth, answer, weight = numbers(5)
        best = truth
    good, bad = one(name).value(truth, best, weight), one(name).value(truth, answer, weight)
    assert (good > bad) == (one(name).better == "high")
    assert good != bad


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_are_not_defined(name: str) -> None:
    truth, empty, _ = (x[:0] for x in any_of(name, 0))
    assert math.isnan(one(name).value(truth, empty, np.zeros(0)))


@pytest.mark.parametrize("name", NAMES)
def test_terms_come_from_their_row_alone_and_weightings_do_not_mix(name: str) -> None:
    truth, answer, weight = any_of(name, 6)
    metric = one(name)
    if isinstance(metric, RowMetric):
        rows = metric.rows(truth, answer)
        np.testing.assert_array_equal(rows[:, 0], np.ones(len(truth)))
        np.testing.assert_array_equal(metric.rows(truth[7:19], answer[7:19]), rows[7:19])
        both = metric.reduce(np.stack([weight, weight[::-1]]) @ rows)
    else:
        assert isinstance(metric, WeightedMetric)
        both = metric.values(truth, answer, np.stack([weight, weight[::-1]], axis=1))
    expected = [metric.value(truth, answer, w) for w in (weight, weight[::-1])]
    np.testing.assert_allclose(both, expected, rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_says_what_people_read(name: str) -> None:
    assert one(name).shown.replace(" ", "").isalnum()
    assert one(name).better in ("high", "low")


def test_one_class_alone_has_no_ranking_but_an_average_precision() -> None:
    truth, answer = np.ones(4, np.int64), np.array([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1], [0.4, 0.6]])
    assert math.isnan(one("auroc").value(truth, answer, np.ones(4)))
    assert math.isnan(one("auroc").value(1 - truth, answer, np.ones(4)))
    assert one("average_precision").value(truth, answer, np.ones(4)) == 1.0
    assert math.isnan(one("average_precision").value(1 - truth, answer, np.ones(4)))


def test_a_constant_truth_has_no_spearman_and_the_r2_of_scikit_learn() -> None:
    truth, weight = np.full(5, 0.1), np.ones(5)
    answer = np.array([0.1, 0.2, 0.3, 0.1, 0.1])
    assert math.isnan(one("spearman").value(truth, answer, weight))
    assert math.isnan(one("spearman").value(answer, truth, weight))
    assert one("r2").value(truth, answer, weight) == reference.r2_score(truth, answer) == 0.0
    assert one("r2").value(truth, truth, weight) == reference.r2_score(truth, truth) == 1.0
    assert math.isnan(one("r2").value(truth[:1], answer[:1], weight[:1]))


def test_constant_labels_have_no_correlation() -> None:
    answer = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    truth = np.array([0, 1, 1])
    assert one("mcc").value(truth, answer, np.ones(3)) == reference.matthews_corrcoef(truth, [0, 0, 0]) == 0.0
    assert one("mcc").value(np.zeros(3, int), answer[:, ::-1], np.array([0.1, 0.3, 0.7])) == 0.0


def test_numbers_of_minus_one_have_no_logarithmic_error() -> None:
    truth, answer = np.array([1.0, 2.0]), np.array([1.0, -1.0])
    assert math.isnan(one("rmsle").value(truth, answer, np.ones(2)))
    assert math.isnan(one("rmsle").value(answer, truth, np.ones(2)))


def test_r2_survives_numbers_far_from_zero() -> None:
    rng = np.random.default_rng(0)
    truth = 1e9 + rng.normal(size=50)
    answer = truth + rng.normal(size=50) / 10
    expected = reference.r2_score(truth, answer)
    assert one("r2").value(truth, answer, np.ones(50)) == pytest.approx(expected, rel=1e-6)


def test_worked_by_hand() -> None:
    truth = np.array([0, 0, 1, 2])
    answer = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]])
    weight = np.array([1.0, 1.0, 1.0, 2.0])
    values = {n: one(n).value(truth, answer, weight) for n in ("accuracy", "balanced_accuracy", "f1_macro")}
    # right 2 of 5; recalls 1/2, 1, 0; precisions 1/3, 1/2, 0; F1 2/5, 2/3, 0
    assert values == pytest.approx({"accuracy": 0.4, "balanced_accuracy": 0.5, "f1_macro": (0.4 + 2 / 3) / 3})
