"""Every metric of sets equals scikit-learn's on random input with weights, ties and labels that lack."""

import numpy as np
import pytest
from sklearn import metrics as reference

from .test_metrics import SETS, one, sets


def of_sets(name: str, truth: np.ndarray, answer: np.ndarray, weight: np.ndarray) -> float:
    """The reference's value. Where nothing is true and nothing is said a row is right; labels that are
    neither true nor said anywhere, or have no row to rank, are left out."""
    said, mass = (answer >= 0.5).astype(int), {"sample_weight": weight}
    met = np.flatnonzero(truth.any(0) | said.any(0))
    if name == "mean_average_precision":
        true = np.flatnonzero(truth.any(0))
        return float(reference.average_precision_score(truth[:, true], answer[:, true], **mass))
    f1, jaccard = reference.f1_score, reference.jaccard_score
    return float(
        {
            "f1_micro": lambda: f1(truth, said, average="micro", **mass),
            "f1_macro_sets": lambda: f1(truth, said, average="macro", labels=met, **mass),
            "f1_samples": lambda: f1(truth, said, average="samples", zero_division=1.0, **mass),
            "jaccard": lambda: jaccard(truth, said, average="samples", zero_division=1.0, **mass),
            "hamming_loss": lambda: reference.hamming_loss(truth, said, **mass),
            "subset_accuracy": lambda: reference.accuracy_score(truth, said, **mass),
        }[name]()
    )


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("classes", "present"), [(2, 2), (4, 4), (5, 3)])
def test_a_metric_of_sets_equals_the_reference(name: str, classes: int, present: int) -> None:
    for seed in range(5):
        truth, answer, weight = sets(seed, classes=classes, present=present)
        for mass in (weight, np.ones(len(truth))):
            expected = of_sets(name, truth, answer, mass)
            assert one(name).value(truth, answer, mass) == pytest.approx(expected, abs=1e-12)


def test_terms_of_sets_do_not_change_when_rows_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, answer, weight = sets(7)
    whole = [one(name).value(truth, answer, weight) for name in SETS]
    monkeypatch.setattr("sensorium.metrics._base.AT_ONCE", 7)
    assert [one(name).value(truth, answer, weight) for name in SETS] == pytest.approx(whole, abs=1e-12)
