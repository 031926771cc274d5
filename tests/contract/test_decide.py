"""What every decision rule must do. A new file in decide/ is tested here without being named."""

import numpy as np
import pytest

from sensorium.decide import decisions
from sensorium.members._base import Numbers
from sensorium.tasks import tasks

NAMES = decisions.names()
every = pytest.mark.parametrize("name", NAMES)
ROWS = 6


def members() -> list[Numbers]:
    """Three members; the second abstains in rows 0 and 1, all of them in row 0."""
    rng = np.random.default_rng(0)
    answered = np.ones((3, ROWS), bool)
    answered[:, 0] = False
    answered[1, 1] = False
    found = []
    for row in answered:
        values = np.where(row[:, None], rng.normal(size=(ROWS, 3)), np.nan)
        found.append(Numbers({"digit": values}, row))
    return found


@every
def test_weights_are_finite_and_whoever_abstains_has_none(name: str) -> None:
    given = members()
    weights = decisions.get(name)().weights(given, "digit")
    assert len(weights) == 3
    for member, weight in zip(given, weights, strict=True):
        assert weight.shape == (ROWS,)
        assert weight.dtype == np.float64
        assert np.isfinite(weight).all()
        assert (weight >= 0).all()
        assert not weight[~member.answered].any()
    assert (np.sum(weights, axis=0)[1:] > 0).all()


@every
def test_rows_do_not_see_each_other(name: str) -> None:
    rule, given = decisions.get(name)(), members()
    whole = rule.weights(given, "digit")
    for row in range(ROWS):
        part = [
            Numbers({"digit": m.values["digit"][row : row + 1]}, m.answered[row : row + 1]) for m in given
        ]
        found = rule.weights(part, "digit")
        np.testing.assert_array_equal(np.concatenate(found), [w[row] for w in whole])


@every
def test_the_order_of_members_does_not_matter(name: str) -> None:
    rule, given = decisions.get(name)(), members()
    turned = rule.weights(given[::-1], "digit")[::-1]
    for found, expected in zip(turned, rule.weights(given, "digit"), strict=True):
        np.testing.assert_allclose(found, expected)


@every
def test_the_combined_answer_is_finite_where_anyone_answers(name: str) -> None:
    given = members()
    weights = decisions.get(name)().weights(given, "digit")
    combined = tasks.get("classify")().combine([m.values["digit"] for m in given], weights)
    assert np.isfinite(combined).all()


def test_mean_is_the_mean_of_the_probabilities_of_those_that_answer() -> None:
    given, task = members(), tasks.get("classify")()
    weights = decisions.get("mean")().weights(given, "digit")
    combined = task.combine([m.values["digit"] for m in given], weights)
    found = task.answers(combined, {})
    shares = [task.answers(m.values["digit"], {}) for m in given]
    np.testing.assert_allclose(found[1], (shares[0][1] + shares[2][1]) / 2)
    np.testing.assert_allclose(found[2], (shares[0][2] + shares[1][2] + shares[2][2]) / 3)
    np.testing.assert_allclose(found[0], np.full(3, 1 / 3))


def test_a_member_without_the_target_abstains() -> None:
    given = [*members(), Numbers({"other": np.zeros((ROWS, 1))}, np.ones(ROWS, bool))]
    assert not decisions.get("mean")().weights(given, "digit")[3].any()
