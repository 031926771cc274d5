"""Means of the target by category: worked by hand, out-of-fold, without a word about the row itself."""

import numpy as np
import pytest

from sensorium.members import _dense
from sensorium.members._base import Floats, Goal, Job, Rows
from sensorium.members._means import Means, means_of
from sensorium.members._outcome import Outcome
from sensorium.members.forest import Forest
from sensorium.members.trees import Trees
from sensorium.table.field import Field
from sensorium.table.packed import Packed
from sensorium.table.prepared import Prepared, Target
from sensorium.tasks import tasks

ROWS = 60


def job_of(codes: np.ndarray, target: np.ndarray, task: str, size: int) -> Job:
    """Codes (N, 1), -1 where missing; half of the rows have a neighbour of equal code."""
    mask = codes >= 0
    packed = Packed(np.where(mask, codes, 0), np.zeros(len(codes), np.uint8), mask=mask)
    data = Prepared(
        np.arange(len(codes)), {"c": (packed,)}, {}, {"y": Target(target, np.ones(len(target), bool))}
    )
    facts = tasks.get(task)().fit(target.tolist(), "y")

    def right(numbers: Floats, rows: Rows) -> float:
        return -float(np.abs(numbers[:, 0] - target[rows]).mean())

    goals = {"y": Goal(task, {}, facts, right)}
    return Job((Field("c", "codes", 1, (size,)),), data, np.arange(len(codes)), np.arange(0), goals)


def found(job: Job) -> tuple[Means, Floats]:
    outcome = Outcome.of(job.goals["y"])
    assert outcome is not None
    made = means_of(job, job.train, job.fields[0], "y", outcome, 5)
    assert made is not None
    return made


def test_a_category_has_its_mean_drawn_to_the_mean_of_all() -> None:
    """Codes 1, 2, 3 of 20 rows with 0, 1, 5: the mean of all is 2 and counts for five rows."""
    codes, target = np.repeat([1, 2, 3], 20)[:, None], np.repeat([0.0, 1.0, 5.0], 20)
    means, _ = found(job_of(codes, target, "regress", 4))
    expected = [[2.0], [(0 + 10) / 25], [(20 + 10) / 25], [(100 + 10) / 25], [np.nan]]
    np.testing.assert_allclose(means.columns(np.array([[0], [1], [2], [3], [-1]])), expected, rtol=1e-6)


def test_classes_have_a_share_each_and_two_classes_one() -> None:
    codes = np.repeat([1, 2, 3], 20)[:, None]
    three = np.repeat([0, 1, 2], 20)
    means, held = found(job_of(codes, three, "classify", 4))
    np.testing.assert_allclose(means.columns(codes[:1]), [[(20 + 5 / 3) / 25, (5 / 3) / 25, (5 / 3) / 25]])
    assert held.shape == (ROWS, 3)
    two, _ = found(job_of(codes, (three > 1).astype(np.int64), "classify", 4))
    np.testing.assert_allclose(two.columns(codes[-1:]), [[(20 + 5 / 3) / 25]], rtol=1e-6)


def test_a_training_row_is_not_told_its_own_target() -> None:
    """A category of one row each: in-fold its mean is its target, out-of-fold the mean of the others."""
    codes, target = np.arange(1, ROWS + 1)[:, None], np.random.default_rng(0).normal(size=ROWS)
    means, held = found(job_of(codes, target, "regress", ROWS + 1))
    inside = means.columns(codes)[:, 0]
    assert np.corrcoef(inside, target)[0, 1] > 0.99
    assert abs(np.corrcoef(held[:, 0], target)[0, 1]) < 0.5
    assert len(np.unique(held)) <= 5


@pytest.mark.parametrize(("size", "rows"), [(3, ROWS), (4, 30)], ids=["two categories", "few rows"])
def test_what_cannot_be_learned_has_no_column(size: int, rows: int) -> None:
    codes = (np.arange(rows) % (size - 1) + 1)[:, None]
    job = job_of(codes, np.arange(rows) * 1.0, "regress", size)
    outcome = Outcome.of(job.goals["y"])
    assert outcome is not None
    assert means_of(job, job.train, job.fields[0], "y", outcome, 5) is None


def test_the_matrix_holds_them_and_a_training_matrix_what_the_folds_say() -> None:
    codes, target = np.repeat([1, 2, 3], 20)[:, None], np.repeat([0.0, 1.0, 5.0], 20)
    codes[7] = -1
    job = job_of(codes, target, "regress", 4)
    outcome = Outcome.of(job.goals["y"])
    assert outcome is not None
    dense, held = _dense.fit(job, job.train, {"y": outcome}, 2, 5)
    again = dense.restore(*dense.state())
    plain = again.matrix(job.data, "y")
    np.testing.assert_array_equal(plain, dense.matrix(job.data, "y"))
    taught = dense.with_held(plain.copy(), held["y"], "y")
    np.testing.assert_array_equal(taught[:, :-1], plain[:, :-1])
    assert np.isnan(taught[7, -1])
    known = np.delete(np.arange(ROWS), 7)
    np.testing.assert_allclose(taught[known, -1], held["y"]["c"][known, 0], rtol=1e-6)


@pytest.mark.parametrize("kind", [Trees, Forest])
def test_many_small_categories_are_told_apart(kind: type[Trees] | type[Forest]) -> None:
    """60 categories of 8 rows, each with its own mean in no order: what one row says of the next."""
    rng = np.random.default_rng(0)
    level = rng.normal(size=60)
    codes = np.tile(np.arange(1, 61), 10)[:, None]
    target = level[codes[:, 0] - 1] + 0.3 * rng.normal(size=600)
    job = job_of(codes, target, "regress", 61)
    job = Job(job.fields, job.data, np.arange(420), np.arange(420, 480), job.goals)
    task, facts = tasks.get("regress")(), job.goals["y"].facts
    said = task.answers(kind.fit(job).numbers(job.data).values["y"], facts).ravel()[480:]
    assert np.corrcoef(said, level[codes[480:, 0] - 1])[0, 1] > 0.95
