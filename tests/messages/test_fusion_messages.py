"""The whole text of what fusions over tokens say when they cannot be built."""

from typing import Any

import pytest

from sensorium.errors import PlanError
from sensorium.fusion import fusions
from sensorium.fusion.bottleneck import Bottleneck
from sensorium.fusion.experts import Experts
from sensorium.nn.cross import CrossAttention


@pytest.mark.parametrize(
    "name", ["bottleneck", "co_attention", "cross_attention", "early", "experts", "graph", "latent"]
)
def test_a_fusion_with_heads_names_those_that_fit(name: str) -> None:
    kind: Any = fusions.get(name)
    with pytest.raises(PlanError) as caught:
        kind(("a",), 12, heads=5)
    assert str(caught.value) == (
        f"fusion {name}: heads must divide the width 12; got 5. Choose one of: 1, 2, 3, 4, 6, 12."
    )


def test_cross_attention_itself_checks_its_heads() -> None:
    with pytest.raises(PlanError) as caught:
        CrossAttention(6, 4)
    assert str(caught.value) == (
        "cross attention: heads must divide the width 6; got 4. Choose one of: 1, 2, 3, 6."
    )


def test_the_bottleneck_needs_a_layer_to_stand_in() -> None:
    with pytest.raises(PlanError) as caught:
        Bottleneck(("a", "b"), 8, layers=3, fusion_layer=3)
    assert str(caught.value) == (
        "fusion bottleneck: fusion_layer must be less than layers (3), so that a layer holds the "
        "bottleneck tokens; got 3. Take at most 2."
    )


def test_no_token_goes_to_more_experts_than_there_are() -> None:
    with pytest.raises(PlanError) as caught:
        Experts(("a", "b"), 8, experts=3, top=4)
    assert str(caught.value) == (
        "fusion experts: top must be at most experts (3); got 4. Take top: 3 for soft routing."
    )
