"""Each decision rule against numbers worked by hand or an independent reference."""

from typing import Any

import numpy as np

from sensorium.decide import decisions
from sensorium.decide._base import Known, Learned, Voices
from sensorium.members._base import Floats, Goal, Numbers
from sensorium.options import build

ONE, TWO = [0.7, 0.2, 0.1], [0.5, 0.1, 0.4]
PRIOR = [0.5, 0.3, 0.2]


def labels() -> Goal:
    facts = {"prior": np.log(PRIOR).tolist(), "width": 3, "labels": ["a", "b", "c"]}
    return Goal("classify", {}, facts)


def heard(*shares: list[float] | None) -> Voices:
    """One row in which each member says these probabilities; None: it abstains."""
    said = {
        str(place): Numbers(
            {"t": np.log(np.maximum([s or PRIOR], 1e-300)) + place}, np.array([s is not None])
        )
        for place, s in enumerate(shares)
    }
    return Voices.of(said, "t", labels())


def share(name: str, voices: Voices, **choices: Any) -> Floats:
    """The probabilities of the one row."""
    rule = build(decisions.get(name), choices=choices, where=name)
    found: Floats = voices.goal.build().answers(rule.numbers(voices), voices.goal.facts)[0]
    return found


def test_the_mean_by_hand() -> None:
    np.testing.assert_allclose(share("mean", heard(ONE, None, TWO)), [0.6, 0.15, 0.25])


def test_votes_by_hand() -> None:
    # Two votes for a and one for c, half a vote shared out by the mean (0.5, 0.2, 0.3): of 3.5 votes.
    found = share("vote", heard(ONE, TWO, [0.3, 0.3, 0.4]))
    np.testing.assert_allclose(found, np.array([2.25, 0.1, 1.15]) / 3.5)


def test_ties_of_votes_go_to_the_higher_mean_probability() -> None:
    found = share("vote", heard([0.52, 0.4, 0.08], [0.1, 0.2, 0.7]))
    np.testing.assert_allclose(found, np.array([1 + 0.155, 0.15, 1 + 0.195]) / 2.5)
    assert found.argmax() == 2
    sure = share("vote", heard([0.51, 0.49, 0.0], [0.51, 0.49, 0.0], [0.0, 1.0, 0.0]), tie=0.99)
    assert sure.argmax() == 0


def test_a_sum_of_logits_by_hand() -> None:
    # 0.35 : 0.02 : 0.04, and their geometric means.
    np.testing.assert_allclose(share("logit_sum", heard(ONE, TWO)), np.array([35, 2, 4]) / 41)
    roots = np.sqrt([0.35, 0.02, 0.04])
    np.testing.assert_allclose(share("logit_sum", heard(ONE, TWO), pool="mean"), roots / roots.sum())


def test_a_product_divides_the_prior_out_by_hand() -> None:
    # 0.35 / 0.5, 0.02 / 0.3, 0.04 / 0.2 = 0.7, 0.0667, 0.2.
    expected = np.array([0.7, 0.2 / 3, 0.2])
    np.testing.assert_allclose(share("product", heard(ONE, TWO)), expected / expected.sum())
    np.testing.assert_allclose(share("product", heard(ONE, None)), ONE)
    np.testing.assert_allclose(share("product", heard(PRIOR, PRIOR, PRIOR)), PRIOR)


def test_a_product_is_bayes_rule_where_inputs_are_independent_given_the_class() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.dirichlet([1, 1], 3), rng.dirichlet([1, 1, 1], 3)  # p(x | class) of two discrete inputs
    joint = np.array(PRIOR) * one[:, 1] * two[:, 2]
    alone = [np.array(PRIOR) * one[:, 1], np.array(PRIOR) * two[:, 2]]
    said = [(a / a.sum()).tolist() for a in alone]
    np.testing.assert_allclose(share("product", heard(*said)), joint / joint.sum())


def test_a_member_that_is_wrong_and_certain_vetoes_no_class_alone() -> None:
    found = share("product", heard([0.9, 0.1, 0.0], [0.0, 0.5, 0.5], [0.9, 0.1, 0.0]), least=0.1)
    expected = np.array([0.9 * 0.1 * 0.9 / 0.25, 0.1 * 0.5 * 0.1 / 0.09, 0.1 * 0.5 * 0.1 / 0.04])
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-6)


def test_maxima_by_hand() -> None:
    np.testing.assert_allclose(share("max", heard(ONE, TWO)), np.array([0.7, 0.2, 0.4]) / 1.3)


def test_confidence_by_hand() -> None:
    # Entropies in units of log 3: 0 for a certain member, 1 for an even one, log 2 / log 3 for a coin.
    certain, coin, even = [1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [1 / 3] * 3
    weight = 1 - np.log(2) / np.log(3)
    found = share("confidence", heard(certain, coin, even))
    np.testing.assert_allclose(found, np.array([1, weight / 2, weight / 2]) / (1 + weight), atol=1e-9)
    squared = share("confidence", heard(certain, coin, even), power=2.0)
    np.testing.assert_allclose(squared[0], 1 / (1 + weight**2), atol=1e-9)
    np.testing.assert_allclose(share("confidence", heard(even, None, even)), even)


def test_opinions_joined_by_hand() -> None:
    # Certain of a with 6 rows of evidence: b = (6/9, 0, 0), u = 3/9; of b: b = (0, 6/9, 0), u = 3/9.
    # Conflict 4/9; b = (2/9, 2/9, 0) / (5/9) = (0.4, 0.4, 0), u = (1/9) / (5/9) = 0.2; mean b + u / 3.
    a, b = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
    found = share("evidential", heard(a, b), evidence=6.0)
    np.testing.assert_allclose(found, [0.4 + 0.2 / 3, 0.4 + 0.2 / 3, 0.2 / 3], atol=1e-9)
    # Twice a: b = (4/9 + 2 x 2/9, 0, 0) = (8/9, 0, 0), u = 1/9.
    np.testing.assert_allclose(share("evidential", heard(a, a), evidence=6.0)[0], 8 / 9 + 1 / 27, atol=1e-9)
    np.testing.assert_allclose(
        share("evidential", heard(a, None), evidence=6.0), [7 / 9, 1 / 9, 1 / 9], atol=1e-9
    )


def test_opinions_join_as_dempsters_rule_over_sets_says() -> None:
    shares = np.random.default_rng(3).dirichlet([1, 1, 1], 4)
    masses = []
    for p in shares:
        entropy = -(p * np.log(p)).sum() / np.log(3)
        evidence = 10 * (1 - entropy) * p
        masses.append({frozenset([k]): evidence[k] / (evidence.sum() + 3) for k in range(3)})
        masses[-1][frozenset(range(3))] = 3 / (evidence.sum() + 3)
    joined = {frozenset(range(3)): 1.0}
    for mass in masses:
        made: dict[frozenset[int], float] = {}
        for one, left in joined.items():
            for other, right in mass.items():
                if one & other:
                    made[one & other] = made.get(one & other, 0.0) + left * right
        joined = {s: m / sum(made.values()) for s, m in made.items()}
    expected = [joined[frozenset([k])] + joined[frozenset(range(3))] / 3 for k in range(3)]
    np.testing.assert_allclose(share("evidential", heard(*shares.tolist())), expected)


def test_greedy_weights_by_hand() -> None:
    # a is right in rows 0 to 2, b in row 3 only, and surely; evenly mixed they are right in all four.
    truth = np.zeros(4, np.int64)
    a = np.log([[0.8, 0.2]] * 3 + [[0.4, 0.6]])
    b = np.log([[0.3, 0.7]] * 3 + [[0.9, 0.1]])
    facts = {"prior": [np.log(0.5)] * 2, "width": 2, "labels": ["x", "y"]}
    goal = Goal("classify", {}, facts, lambda n, rows: float((n.argmax(1) == truth[rows]).mean()))
    said = {n: Numbers({"t": v}, np.ones(4, bool)) for n, v in {"a": a, "b": b}.items()}
    rule = build(decisions.get("greedy"), choices={"bags": 0}, where="greedy")
    assert isinstance(rule, Learned)
    voices = Voices.of(said, "t", goal)
    rule.fit(voices, Known(np.arange(4), truth, np.ones(4)))
    assert rule.state()[0]["weights"] == {"a": 0.5, "b": 0.5}
    expected = (np.exp(a) + np.exp(b)) / 2
    np.testing.assert_allclose(np.exp(rule.numbers(voices)), expected)
    assert (rule.numbers(voices).argmax(1) == truth).all()
