"""When a network stops, and which of its weights are kept."""

import pytest

from sensorium.train import loop
from toy import equal, trained, weights


def planted_scores(monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    told = iter(values)
    monkeypatch.setattr(loop, "scored", lambda *_: (next(told), 1.0))
    monkeypatch.setattr(loop, "of_prior", lambda *_: (0.0, 0.7))


def test_early_stopping_keeps_the_best_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    planted_scores(monkeypatch, [0.2, 0.9, 0.5, 0.6, 0.7, 1.0])
    done = trained(train={"epochs": 6, "patience": 3})
    assert [r["score"] for r in done.history] == [0.2, 0.9, 0.5, 0.6, 0.7]
    planted_scores(monkeypatch, [0.2, 0.9, 0.5, 0.6, 0.7, 1.0])
    best = trained(train={"epochs": 6, "steps": 18, "patience": 1})
    assert [r["score"] for r in best.history] == [0.2, 0.9, 0.5]
    assert equal(weights(done), weights(best))
    planted_scores(monkeypatch, [0.2, 0.9, 0.5, 0.6, 0.7, 1.0])
    assert not equal(weights(done), weights(trained(train={"epochs": 6, "patience": 6})))


def test_a_network_that_never_beats_the_prior_stops_after_its_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "of_prior", lambda *_: (0.5, 1.0))
    losing = [(0.4, 1.5), (0.5, 1.4), (0.3, 1.3), (0.4, 1.2), (0.4, 1.1), (0.4, 1.05)]
    told = iter(losing)
    monkeypatch.setattr(loop, "scored", lambda *_: next(told))
    assert len(trained(train={"epochs": 6, "patience": 3}).history) == 3
    told = iter([(0.4, 0.99), *losing[1:]])  # its loss was better once
    assert len(trained(train={"epochs": 6, "patience": 3}).history) == 5


def test_of_equal_scores_the_smaller_loss_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([(0.5, 0.9), (0.5, 0.3), (0.5, 0.4)])
    monkeypatch.setattr(loop, "scored", lambda *_: next(told))
    kept = trained(train={"epochs": 3})
    told = iter([(0.5, 0.9), (0.5, 0.3), (0.1, 0.4)])
    assert equal(weights(kept), weights(trained(train={"epochs": 3})))
