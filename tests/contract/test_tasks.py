"""What every task must do. A new file in tasks/ is tested here without being named."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sensorium.decoders import decoders
from sensorium.losses import losses
from sensorium.metrics import metrics
from sensorium.table.prepared import Target
from sensorium.tasks import tasks
from sensorium.tasks._base import Task
from sensorium.types import Arrays, Facts

NAMES = tasks.names()
ROWS, WHERE = 40, "target 'answer'"
every = pytest.mark.parametrize("name", NAMES)


def made(name: str, rows: int = ROWS) -> tuple[Task, list[Any], Facts, Target]:
    task: Task = tasks.get(name)()
    cells = task.fake(np.random.default_rng(0), rows)
    facts = task.fit(cells, WHERE)
    return task, cells, facts, task.target(cells, facts, WHERE)


def arrays(target: Target) -> Arrays:
    return Arrays(torch.from_numpy(np.array(target.values)), torch.from_numpy(np.array(target.mask)))


def guesses(facts: Facts, rows: int = ROWS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(1000 + seed).normal(size=(rows, facts["width"]))


def perfect(task: Task, target: Target, facts: Facts) -> np.ndarray:
    return task.perfect(arrays(target), facts).double().numpy()


@every
def test_the_perfect_output_gives_the_true_cells(name: str) -> None:
    task, cells, facts, target = made(name)
    rows = task.cells(perfect(task, target, facts), facts, "answer")
    for row, cell in zip(rows, cells, strict=True):
        found = row["answer"]
        assert found == (pytest.approx(cell, rel=1e-6) if isinstance(cell, float) else cell)
    assert json.loads(json.dumps(rows)) == rows


@every
@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_a_temperature_changes_how_sure_an_answer_is_and_never_the_answer(
    name: str, temperature: float
) -> None:
    task, _, facts, _ = made(name)
    numbers = guesses(facts)
    tempered = task.tempered(numbers, temperature)
    before, after = (task.answers(n, facts) for n in (numbers, tempered))
    if before.ndim == 1 or temperature == 1:
        np.testing.assert_array_equal(after, before)
        return
    np.testing.assert_array_equal(after.argmax(1), before.argmax(1))
    if task.trees == "labels":  # each a question of its own: how far it is from even odds
        np.testing.assert_array_equal(after >= 0.5, before >= 0.5)
        before, after = abs(before - 0.5), abs(after - 0.5)
    assert ((after.max(1) > before.max(1)) == (temperature < 1)).all()


@every
def test_facts_survive_json_and_hold_width_and_prior(name: str) -> None:
    task, cells, facts, target = made(name)
    again = json.loads(json.dumps(facts))
    assert again == facts
    assert len(facts["prior"]) == facts["width"]
    np.testing.assert_array_equal(task.target(cells, again, WHERE).values, target.values)
    numbers = guesses(facts)
    assert task.cells(numbers, again, "a") == task.cells(numbers, facts, "a")


@every
def test_the_perfect_output_has_the_least_loss_of_every_loss_that_fits(name: str) -> None:
    task, _, facts, target = made(name)
    for loss_name in task.losses:
        loss = losses.get(loss_name)(facts)
        best = loss(task.perfect(arrays(target), facts), arrays(target))
        assert best.shape == (ROWS,)
        for seed in range(5):
            other = loss(torch.from_numpy(guesses(facts, seed=seed)).float(), arrays(target))
            assert (best <= other + 1e-6).all()
            assert best.sum() < other.sum()


@every
def test_missing_cells_are_masked_and_harm_no_other_row(name: str) -> None:
    task, cells, facts, target = made(name)
    gaps: list[Any] = list(cells)
    for row, gap in zip((0, 5, 9), (None, float("nan"), "  "), strict=True):
        gaps[row] = gap
    found = task.target(gaps, facts, WHERE)
    assert np.flatnonzero(~found.mask).tolist() == [0, 5, 9]
    np.testing.assert_array_equal(found.values[found.mask], target.values[found.mask])
    assert np.isfinite(found.values.astype(float)).all()
    assert task.fit(gaps, WHERE)["missing"] == 3
    for loss_name in task.losses:
        value = losses.get(loss_name)(facts)(torch.zeros(ROWS, facts["width"]), arrays(found))
        assert value.isfinite().all()
    assert torch.isfinite(task.perfect(arrays(found), facts)).all()


@every
def test_every_named_part_is_there_and_fits(name: str) -> None:
    task, _, facts, target = made(name)
    assert task.default_decoder in decoders.names()
    answers = task.answers(perfect(task, target, facts), facts)
    for metric_name in task.metrics:
        metric = metrics.get(metric_name)()
        truth = task.truth(target, facts)
        best = metric.value(truth, answers, np.ones(ROWS))
        worse = metric.value(truth, task.answers(guesses(facts), facts), np.ones(ROWS))
        assert (best > worse) == (metric.better == "high")


@every
def test_sniff_prefers_its_own_fake_over_every_others(name: str) -> None:
    cells = tasks.get(name).fake(np.random.default_rng(1), 200)
    scores = {other: tasks.get(other).sniff(cells) for other in NAMES}
    assert max(scores, key=lambda n: scores[n]) == name
    assert sum(s == scores[name] for s in scores.values()) == 1
    assert all(
        0 <= tasks.get(name).sniff(odd) <= 1 for odd in ([], [object()], [[1]], [b"x"], [float("inf")])
    )


@every
def test_no_constant_answers_better_than_the_baseline(name: str) -> None:
    task, _, facts, target = made(name)
    loss = losses.get(task.losses[0])(facts)
    constant = np.array(task.baseline(target, facts))
    assert constant.shape == (facts["width"],)
    np.testing.assert_allclose(constant, facts["prior"], atol=1e-9)

    def cost(numbers: np.ndarray) -> float:
        repeated = torch.from_numpy(numbers).float().expand(ROWS, -1)
        return float(loss(repeated, arrays(target)).mean())

    for seed in range(10):
        step = np.random.default_rng(seed).choice([-0.1, 0.05, 0.2], constant.shape)
        step[0] *= 2
        assert cost(constant) < cost(constant + step)


@every
def test_the_baseline_of_rows_without_a_true_cell_is_the_prior(name: str) -> None:
    task, _, facts, target = made(name)
    assert task.baseline(Target(target.values, np.zeros(ROWS, bool)), facts) == facts["prior"]


@every
def test_what_a_learner_says_survives_as_numbers(name: str) -> None:
    task, _, facts, _ = made(name)
    answers = task.answers(guesses(facts), facts)
    if task.trees == "regress":
        answers = guesses(facts)[:, 0]
        assert task.numbers(answers, facts).tolist() == answers[:, None].tolist()
    else:
        np.testing.assert_allclose(task.answers(task.numbers(answers, facts), facts), answers, atol=1e-12)


@every
def test_combining_ignores_who_abstains_and_the_scale_of_weights(name: str) -> None:
    task, _, facts, _ = made(name)
    one, two = guesses(facts, seed=1), guesses(facts, seed=2)
    on, off = np.ones(ROWS), np.zeros(ROWS)
    answers = task.answers(one, facts)
    for numbers, weights in (
        ([one], [on]),
        ([one, one], [on, 3 * on]),
        ([one, np.full_like(two, np.nan)], [0.5 * on, off]),
    ):
        np.testing.assert_allclose(task.answers(task.combine(numbers, weights), facts), answers, atol=1e-9)
    both = task.combine([one, two], [on, 2 * on])
    np.testing.assert_allclose(task.combine([two, one], [20 * on, 10 * on]), both, atol=1e-12)
    half = np.arange(ROWS) % 2 == 0
    mixed = task.combine([one, two], [half.astype(float), (~half).astype(float)])
    wanted = np.where(half[:, None], one, two)
    np.testing.assert_allclose(task.answers(mixed, facts), task.answers(wanted, facts), atol=1e-9)
    assert np.isfinite(task.combine([one, two], [off, off])).all()


@every
def test_rows_do_not_see_each_other(name: str) -> None:
    task, _, facts, _ = made(name)
    numbers = guesses(facts)
    for rows in (slice(3, 4), slice(None, None, -1)):
        np.testing.assert_array_equal(task.answers(numbers[rows], facts), task.answers(numbers, facts)[rows])
        assert task.cells(numbers[rows], facts, "a") == task.cells(numbers, facts, "a")[rows]


@every
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1e-6, 1.0, 50.0, 1e4]))
def test_any_numbers_give_finite_answers(name: str, seed: int, scale: float) -> None:
    task, _, facts, _ = made(name, 12)
    numbers = guesses(facts, 12, seed) * scale
    assert np.isfinite(task.answers(numbers, facts)).all()
    assert np.isfinite(task.combine([numbers, -numbers], [np.ones(12), np.ones(12)])).all()
    json.dumps(task.cells(numbers, facts, "a"), allow_nan=False)
