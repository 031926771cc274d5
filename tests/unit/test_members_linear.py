"""Linear models equal scikit-learn's; strengths and shifts are chosen by the score."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression, Ridge

from sensorium import seeds
from sensorium.members import _linear
from sensorium.members._base import Floats, Goal, Job, Rows, Score
from sensorium.members._outcome import Lesson, Outcome, lesson, softmax
from sensorium.members._wide import Wide
from sensorium.members.linear import Linear
from sensorium.table.field import Field
from sensorium.table.packed import MISSING, PRESENT, Packed
from sensorium.table.prepared import Prepared, Target
from sensorium.tasks import tasks

ROWS = 300


def labels(classes: int, score: Score | None = None, counts: tuple[int, ...] = ()) -> Outcome:
    cells = [k for k in range(classes) for _ in range(counts[k] if counts else 10)]
    facts = tasks.get("classify")().fit(cells, "t")
    outcome = Outcome.of(Goal("classify", {}, facts, score))
    assert outcome is not None
    return outcome


def amounts(score: Score | None = None) -> Outcome:
    facts = tasks.get("regress")(log="no").fit([0.0, 1.0, 2.0], "t")
    outcome = Outcome.of(Goal("regress", {"log": "no"}, facts, score))
    assert outcome is not None
    return outcome


def rows(seed: int = 0) -> sp.csr_matrix:
    return sp.random(ROWS, 40, 0.2, format="csr", random_state=np.random.default_rng(seed))


def lesson_of(values: np.ndarray) -> Lesson:
    return Lesson(np.arange(ROWS), values, np.linspace(0.5, 1.5, ROWS))


@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_regression_equals_scikit_learn(classes: int) -> None:
    x = rows()
    y = np.digitize(x[:, 0].toarray().ravel() + x[:, 1].toarray().ravel(), [0.2, 0.5, 1.0][: classes - 1])
    line = _linear.single(x, lesson_of(y), labels(classes), 1.0)
    model = LogisticRegression(C=1.0, tol=1e-3, max_iter=300).fit(x, y, np.linspace(0.5, 1.5, ROWS))
    new = rows(1)
    np.testing.assert_allclose(softmax(line.say(new)), model.predict_proba(new), atol=1e-6)


def test_ridge_regression_equals_scikit_learn() -> None:
    x = rows()
    y = x[:, 0].toarray().ravel() * 3 - x[:, 1].toarray().ravel() + 5
    line = _linear.single(x, lesson_of(y), amounts(), 0.3)
    model = Ridge(alpha=0.3, solver="sparse_cg", tol=1e-4, max_iter=1000).fit(
        x, y, np.linspace(0.5, 1.5, ROWS)
    )
    np.testing.assert_allclose(line.say(rows(1))[:, 0], model.predict(rows(1)), atol=1e-6)


def test_a_class_that_training_lacks_is_nearly_impossible() -> None:
    y = np.where(np.arange(ROWS) % 2, 3, 1)
    line = _linear.single(rows(), lesson_of(y), labels(4), 1.0)
    shares = softmax(line.say(rows(1)))
    assert shares[:, [0, 2]].max() < 1e-6
    assert shares[:, [1, 3]].min() > 0.01


def test_one_class_is_answered_without_learning() -> None:
    line = _linear.single(rows(), lesson_of(np.full(ROWS, 2)), labels(4), 1.0)
    assert (softmax(line.say(rows(1)))[:, 2] > 0.999).all()


def test_the_strength_is_the_one_that_the_score_likes() -> None:
    x, rng = rows(), np.random.default_rng(0)
    y = x[:, 0].toarray().ravel() + rng.normal(0, 2, ROWS)
    for liked in (100.0, 0.3):
        wanted = _linear.single(x, lesson_of(y), amounts(), liked).say(x)

        def near(numbers: Floats, _: Rows, wanted: Floats = wanted) -> float:
            return -float(np.abs(numbers - wanted).max())

        checked = _linear.Checked(x, np.arange(ROWS))
        found, _ = _linear.fit(x, lesson_of(y), amounts(near), checked, _linear.PENALTIES)
        assert found.strength == liked


def test_a_solver_that_stops_early_is_told_and_not_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    y = (rows()[:, 0].toarray().ravel() > 0.1).astype(np.int64)
    assert _linear.single(rows(), lesson_of(y), labels(2), 100.0).converged
    monkeypatch.setattr(_linear, "MOST_STEPS", 1)
    assert not _linear.single(rows(), lesson_of(y), labels(2), 100.0).converged


def test_a_score_of_rare_classes_shifts_the_frequent_ones_down() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(2000) < 0.1).astype(np.int64)
    raw = 1.2 * truth + rng.normal(0, 1, 2000)
    said = np.stack([np.zeros(2000), 1.2 * raw - 0.72 + np.log(0.1 / 0.9)], 1)

    def balanced(numbers: Floats, rows: Rows) -> float:
        right = numbers.argmax(1) == truth[rows]
        return float(np.mean([right[truth[rows] == k].mean() for k in (0, 1)]))

    def likely(numbers: Floats, rows: Rows) -> float:
        return float(np.log(softmax(numbers)[np.arange(len(rows)), truth[rows]]).mean())

    every, frequency = np.arange(2000), np.array([0.9, 0.1])
    moved = labels(2, balanced).shifted(said, every, frequency)
    assert moved.shift[1] - moved.shift[0] == pytest.approx(np.log(9), rel=0.4)
    assert labels(2, balanced).score(said, every) + 0.05 < moved.score(said, every)
    np.testing.assert_array_equal(labels(2, likely).shifted(said, every, frequency).shift, [0, 0])


def test_a_shift_that_helps_only_the_rows_it_was_chosen_on_is_not_used() -> None:
    rng = np.random.default_rng(0)
    frequency, said = np.array([0.9, 0.1]), rng.normal(size=(40, 2))
    fit = set(np.sort(seeds.generator(0, "shift").permutation(40)[::2]).tolist())

    def fooled(numbers: np.ndarray, rows: np.ndarray) -> float:
        lifted = float((numbers[:, 1] - numbers[:, 0]).mean())
        return lifted if set(rows.tolist()) <= fit else -lifted

    assert labels(2, fooled).shifted(said, np.arange(40), frequency).shift.tolist() == [0, 0]
    assert (
        labels(2, lambda n, _: float((n[:, 1] - n[:, 0]).mean()))
        .shifted(said, np.arange(40), frequency)
        .shift.any()
    )


def test_lessons_leave_out_missing_targets_and_weigh_rows_by_their_mean() -> None:
    target = Target(np.array([0, 1, 1, 0]), np.array([True, False, True, True]))
    data = Prepared(np.arange(4), {}, targets={"t": target}, weight=np.array([1.0, 9.0, 2.0, 3.0]))
    found = lesson(Job((), data, np.arange(4), np.arange(0), {}), "t", np.array([3, 1, 2]), "classify")
    assert found.rows.tolist() == [0, 2]
    assert found.values.tolist() == [0, 1]
    np.testing.assert_allclose(found.weight, [3 / 2.5, 2 / 2.5])
    np.testing.assert_allclose(found.frequency(3), [0.6, 0.4, 0.25])


def test_wide_columns_by_hand() -> None:
    numbers = Packed(
        np.float32([[1, 2], [30, 0], [0, 0]]), np.uint8([0, 0, 1]), mask=np.bool_([[1, 1], [1, 0], [0, 0]])
    )
    codes = Packed(np.array([[1], [2], [0]]), np.uint8([0, 0, 1]), mask=np.bool_([[1], [1], [0]]))
    data = Prepared(np.arange(3), {"n": (numbers,), "c": (codes,)}, {"t": ["ab", None, "ab"]})
    fields = (Field("n", "numbers", 2), Field("c", "codes", 1, (3,)), Field("t", "words"))
    wide = Wide.fit(fields, data, 50)
    matrix = wide.matrix(data).toarray()
    np.testing.assert_array_equal(matrix[:, :4], [[1, 2, 0, 0], [8, 0, 0, 1], [0, 0, 1, 1]])
    assert wide.knots == {"n": [[2.75, 4.5, 6.25], [2.0]]}
    np.testing.assert_array_equal(matrix[:, 4:8], [[0, 0, 0, 0], [5.25, 3.5, 1.75, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(matrix[:, 8:11], [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(matrix[:, -1], [0, 1, 0])
    np.testing.assert_allclose((matrix[:, 11:-1] ** 2).sum(1), [2, 0, 2])


def table(first: Floats, second: Floats, target: Floats) -> Job:
    parts = {
        name: (Packed(v[:, None].astype(np.float32), np.full(len(v), PRESENT, np.uint8)),)
        for name, v in (("a", first), ("b", second))
    }
    task = tasks.get("regress")(log="no")
    facts = task.fit(target.tolist(), "t")
    made = task.target(target.tolist(), facts, "t")

    def near(numbers: Floats, rows: Rows) -> float:
        return -float(((numbers[:, 0] - made.values[rows]) ** 2).mean())

    data = Prepared(np.arange(len(first)), parts, targets={"t": made})
    goals = {"t": Goal("regress", {"log": "no"}, facts, near)}
    fields = (Field("a", "numbers"), Field("b", "numbers"))
    return Job(fields, data, np.arange(200), np.arange(200, ROWS), goals)


def test_rows_that_miss_what_training_never_missed_are_answered_by_the_second_model() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=ROWS)
    task = table(first, first + rng.normal(0, 0.1, ROWS), first + rng.normal(0, 0.01, ROWS))
    data, truth = task.data.rows(task.val), task.data.targets["t"].values[task.val]
    alone, both = Linear.fit(task, hide=0.0), Linear.fit(task, hide=1.0)
    np.testing.assert_array_equal(alone.numbers(data).values["t"], both.numbers(data).values["t"])
    hidden = data.hiding(["a"])
    assert hidden.inputs["a"][0].status[0] == MISSING
    errors = [((m.numbers(hidden).values["t"][:, 0] - truth) ** 2).mean() for m in (alone, both)]
    assert errors[1] < 0.5 * errors[0]


def test_large_tables_are_sampled_and_it_is_told() -> None:
    rng = np.random.default_rng(0)
    task = table(rng.normal(size=ROWS), rng.normal(size=ROWS), rng.normal(size=ROWS))
    assert Linear.fit(task, rows=50).notes == ("trained on 50 of 200 rows",)
    assert Linear.fit(task).notes == ()
