"""What the benchmarks judge by: their metrics, their paired intervals, their committed folds."""

import numpy as np
import pytest
from benchmarks._folds import FOLDER, letters
from benchmarks._score import Answers, interval, score, verdict
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_percentage_error, r2_score

REFERENCE = {
    "accuracy": accuracy_score,
    "f1_weighted": lambda t, a: f1_score(t, a, average="weighted"),
    "r2": r2_score,
    "mape": mean_absolute_percentage_error,
}


def rows(truth: np.ndarray, fold: np.ndarray | None = None) -> Answers:
    count = len(truth)
    return Answers(truth, np.zeros(count, int) if fold is None else fold, np.arange(count))


@pytest.mark.parametrize("metric", list(REFERENCE))
def test_metrics_equal_the_reference(metric: str) -> None:
    rng = np.random.default_rng(0)
    labels = metric in ("accuracy", "f1_weighted")
    truth = rng.choice(["a", "b", "c"], 90) if labels else rng.normal(5, 1, 90)
    answers = np.where(rng.random(90) < 0.6, truth, rng.permutation(truth))
    assert score(metric, rows(truth), answers) == pytest.approx(REFERENCE[metric](truth, answers), abs=1e-12)


def test_several_folds_count_alike_whatever_their_rows() -> None:
    truth, fold = np.array([1, 1, 1, 1]), np.array([0, 0, 0, 1])
    assert score("accuracy", rows(truth, fold), np.array([1, 1, 1, 0])) == 0.5


def test_the_interval_holds_zero_exactly_where_two_are_equally_good() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 400)
    good = np.where(rng.random(400) < 0.9, truth, 3)
    bad = np.where(rng.random(400) < 0.6, truth, 3)
    difference, low, high = interval("accuracy", rows(truth), good, bad)
    assert low <= difference <= high
    assert verdict("accuracy", difference, low, high) == "beaten"
    assert verdict("accuracy", *interval("accuracy", rows(truth), bad, good)) == "below"
    assert verdict("accuracy", *interval("accuracy", rows(truth), good, good)) == "matched"


def test_of_errors_the_smaller_one_is_better() -> None:
    truth = np.linspace(1, 2, 50)
    found = interval("mape", rows(truth), truth * 1.01, truth * 1.2)
    assert verdict("mape", *found) == "beaten"


def test_groups_are_drawn_whole() -> None:
    truth = np.zeros(100, int)
    ours = np.repeat([0, 1], 50)
    theirs = 1 - ours
    pair = Answers(truth, np.zeros(100, int), np.repeat([0, 1], 50))
    alone = Answers(truth, np.zeros(100, int), np.arange(100))
    assert interval("accuracy", pair, ours, theirs)[1:] == (-1.0, 1.0)
    assert interval("accuracy", alone, ours, theirs)[2] < 0.5


@pytest.mark.parametrize(
    ("name", "folds", "test_rows"),
    [("fsdd", 1, 300), ("fsdd_speakers", 6, 500), ("esc10", 5, 80), ("houses", 15, 107), ("mnist", 1, 10000)],
)
def test_the_committed_folds_have_the_promised_sizes(name: str, folds: int, test_rows: int) -> None:
    lines = letters(name)
    assert [line.count("e") for line in lines] == [test_rows] * folds
    assert all(set(line) <= set("tve-") and "v" in line for line in lines)


def test_cross_validated_tables_test_every_row_as_often_as_any_other() -> None:
    for name, times in (("fsdd_speakers", 1), ("esc10", 1), ("babies_prices", 1), ("houses", 3)):
        tested = np.sum([np.array(list(line)) == "e" for line in letters(name)], axis=0)
        assert set(tested.tolist()) == {times}


def test_the_fold_files_are_small() -> None:
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) < 2_000_000
