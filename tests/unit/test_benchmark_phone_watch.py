"""The benchmark of two devices judges apart from the library: its score and its intervals."""

import numpy as np
import pytest
from benchmarks._phone_watch import f1_macro, intervals
from sklearn.metrics import f1_score


def test_macro_f1_is_scikit_learns_whatever_rows_weigh() -> None:
    rng = np.random.default_rng(0)
    truth, answers = rng.choice(list("abc"), 200), rng.choice(list("abcd"), 200)
    weight = rng.integers(0, 4, 200).astype(float)
    expected = f1_score(
        np.repeat(truth, weight.astype(int)), np.repeat(answers, weight.astype(int)), average="macro"
    )
    assert f1_macro(truth, answers, weight) == pytest.approx(expected)


def test_intervals_draw_whole_subjects_together() -> None:
    truth = ["a", "b"] * 20
    wrong = ["b", "a"] * 5
    record = {
        "truth": truth,
        "subject": [n // 10 for n in range(40)],
        "answers": {"one": [*wrong, *truth[10:]], "other": truth},
    }
    found = intervals(record, [("one", None), ("other", None), ("one", "other")])
    assert found["other", None] == (1.0, 1.0, 1.0)
    value, low, high = found["one", None]
    assert value == pytest.approx(0.75)
    assert (low, high) == (0.25, 1.0), (
        "between none and three of four draws are the subject that is always wrong"
    )
    assert found["one", "other"][0] == pytest.approx(-0.25)
