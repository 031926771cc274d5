"""Augmentations of texts, numbers and categories: shares, order and limits, worked by hand."""

import numpy as np
import pytest
import torch

from sensorium.augment._strength import amounts
from sensorium.augment.noise import Noise
from sensorium.augment.token_drop import TokenDrop
from sensorium.augment.token_mask import UNKNOWN, TokenMask
from sensorium.augment.token_swap import TokenSwap
from sensorium.augment.value_dropout import ValueDropout
from sensorium.types import Arrays

LEVELS = {"gentle": (1.0, 0.1), "medium": (2.0, 0.3), "strong": (4.0, 0.4)}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def counting(rows: int = 400, steps: int = 50) -> Arrays:
    """Every row counts 10, 11, 12 ...; the second half of the rows is half as long."""
    values = torch.arange(steps).repeat(rows, 1) + 10
    length = torch.where(torch.arange(rows) < rows // 2, steps, steps // 2)
    mask = torch.arange(steps) < length[:, None]
    return Arrays(torch.where(mask, values, 0), mask)


@pytest.mark.parametrize(
    ("strength", "wanted"),
    [("gentle", (1, 0.1)), ("medium", (2, 0.3)), ("strong", (4, 0.4)), (1.0, (1, 0.1)), (2, (2, 0.3)),
     (3.0, (4, 0.4)), (0.5, (0.5, 0.05)), (1.5, (1.5, 0.2)), (2.5, (3, 0.35)), (6.0, (8, 0.8))],
)  # fmt: skip
def test_a_strength_is_a_name_or_a_number_between_and_beyond_the_names(
    strength: str | float, wanted: tuple[float, ...]
) -> None:
    np.testing.assert_allclose(amounts(strength, LEVELS), wanted)  # type: ignore[arg-type]


def test_dropped_tokens_are_the_asked_share_and_the_rest_keeps_its_order() -> None:
    x = counting()
    y = TokenDrop(strength="strong")(x, generator())
    assert 0.19 < 1 - float(y.mask.sum() / x.mask.sum()) < 0.21
    for values, mask, before in zip(y.values, y.mask, x.mask, strict=True):
        kept = values[mask]
        assert (kept.diff() > 0).all()
        assert kept.min() >= 10
        assert kept.max() < 10 + before.sum()
        assert mask.int().diff().max() <= 0


def test_the_last_token_and_the_last_value_of_a_row_stay() -> None:
    one = Arrays(torch.tensor([[7, 0]] * 300), torch.tensor([[True, False]] * 300))
    assert TokenDrop(strength=6.0)(one, generator()).mask.sum() == 300
    values = Arrays(torch.ones(300, 3), torch.ones(300, 3, dtype=torch.bool))
    left = ValueDropout(strength=6.0)(values, generator()).mask.sum(1)
    assert left.min() == 1
    assert left.max() == 3


def test_swapped_tokens_stay_near_their_places_and_none_is_lost() -> None:
    x = counting()
    y = TokenSwap(strength="strong")(x, generator())
    assert torch.equal(y.mask, x.mask)
    torch.testing.assert_close(y.values.sort(1)[0], x.values.sort(1)[0])
    away = (y.values - x.values)[x.mask]
    assert away.abs().max() <= 4
    assert 0.15 < float((away != 0).float().mean()) < 0.45
    assert torch.equal(TokenSwap(strength=0.001)(x, generator()).values[:5], x.values[:5])


def test_masked_tokens_are_unknown_in_the_asked_share() -> None:
    x = counting()
    y = TokenMask(strength="medium")(x, generator())
    hidden = (y.values == UNKNOWN) & y.mask
    assert torch.equal(y.mask, x.mask)
    assert 0.09 < float(hidden.sum() / x.mask.sum()) < 0.11
    assert torch.equal(y.values[~hidden], x.values[~hidden])


def test_noise_has_the_asked_deviation_and_spares_what_is_missing() -> None:
    mask = torch.rand(500, 40, generator=generator(1)) < 0.7
    x = Arrays(torch.where(mask, 3.0, float("nan")), mask)
    y = Noise(strength="strong")(x, generator())
    added = y.values[mask] - 3
    assert abs(float(added.mean())) < 0.01
    assert float(added.std()) == pytest.approx(0.2, rel=0.03)
    assert not y.values[~mask].any()
    frames = Arrays(torch.zeros(4, 5, 2), torch.ones(4, 5, dtype=torch.bool))
    assert Noise()(frames, generator()).values.std() == pytest.approx(0.05, rel=0.3)


def test_dropped_values_are_missing_in_the_asked_share() -> None:
    x = Arrays(torch.full((500, 20), 3), torch.ones(500, 20, dtype=torch.bool))
    y = ValueDropout(strength="strong")(x, generator())
    assert 0.19 < 1 - float(y.mask.float().mean()) < 0.21
    assert torch.equal(y.values, torch.where(y.mask, 3, 0))
