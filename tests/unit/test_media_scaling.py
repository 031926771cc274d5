"""Numbers of any size and shape as numbers around zero."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.media.scaling import edges, fit, scaled


def test_plain_numbers_get_mean_zero_and_deviation_one() -> None:
    x = np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    facts = fit(x, "none", 6.0)
    # Mean 5 and population deviation 2 of this classical example are whole.
    assert (facts["mean"], facts["std"]) == (5.0, 2.0)
    np.testing.assert_allclose(scaled(np.array([1.0, 5.0, 9.0]), facts), [-2, 0, 2])


def test_beyond_the_clip_values_grow_with_their_logarithm() -> None:
    facts = {"transform": "none", "clip": 3.0, "mean": 0.0, "std": 1.0, "log": 1.0}
    z = scaled(np.array([-1000.0, -3.0, 3.0, 4.0, 1e150]), facts)
    np.testing.assert_allclose(z, [-3 - np.log1p(997), -3, 3, 3 + np.log(2), 3 + np.log1p(1e150 - 3)])


def test_skewed_numbers_take_the_logarithm_and_others_do_not() -> None:
    rng = np.random.default_rng(0)
    assert fit(rng.lognormal(10, 1.5, 2000), "auto", 6.0)["transform"] == "log"
    assert fit(rng.normal(5, 2, 2000), "auto", 6.0)["transform"] == "none"
    assert fit(rng.uniform(0, 1, 2000), "auto", 6.0)["transform"] == "none"


def test_the_logarithm_keeps_signs_and_does_not_depend_on_the_unit() -> None:
    x = np.array([-1000.0, -1.0, 0.0, 1.0, 10.0, 1000.0])
    metres, millimetres = fit(x, "log", 6.0), fit(x * 1000, "log", 6.0)
    np.testing.assert_allclose(scaled(x, metres), scaled(x * 1000, millimetres))
    assert scaled(np.array([0.0, 5.0]), metres)[1] > scaled(np.array([0.0, 5.0]), metres)[0]


def test_quantiles_make_any_shape_normal() -> None:
    x = np.random.default_rng(1).exponential(3, 5000) ** 3
    z = scaled(x, fit(x, "quantile", 6.0))
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 1) < 0.02
    assert abs((z**3).mean()) < 0.1


def test_one_outlier_does_not_squeeze_the_rest() -> None:
    x = np.append(np.random.default_rng(2).normal(0, 1, 500), 1e12)
    z = scaled(x, fit(x, "none", 6.0))
    assert 0.3 < z[:-1].std() < 1.2


def test_a_constant_and_an_empty_column_stay_finite() -> None:
    assert scaled(np.full(3, 7.0), fit(np.full(3, 7.0), "auto", 6.0)).tolist() == [0, 0, 0]
    empty = fit(np.zeros(0), "quantile", 6.0)
    assert empty["transform"] == "none"
    assert np.isfinite(scaled(np.array([5.0]), empty)).all()


def test_edges_are_quantiles_and_at_least_two() -> None:
    np.testing.assert_allclose(edges(np.arange(101) / 100, 4), [0, 0.25, 0.5, 0.75, 1])
    assert edges(np.full(9, 2.0), 4) == [1.0, 3.0]
    assert edges(np.zeros(0), 4) == [-1.0, 1.0]
    assert edges(np.array([0.0, 0, 0, 0, 5]), 8)[0] == 0


NUMBERS = st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=30)


@pytest.mark.parametrize("transform", ["auto", "none", "log", "quantile"])
@given(values=NUMBERS)
def test_scaling_is_finite_keeps_the_order_and_survives_json(transform: str, values: list[float]) -> None:
    x = np.array(values)
    facts = fit(x, transform, 6.0)  # type: ignore[arg-type]
    z = scaled(np.sort(x), facts)
    assert np.isfinite(z).all()
    assert (np.diff(z) >= 0).all()
    np.testing.assert_array_equal(scaled(x, json.loads(json.dumps(facts))), scaled(x, facts))
    assert (np.diff(edges(z, 8)) > 0).all()
