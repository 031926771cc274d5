"""The whole text of what layers, encoders and fusions say when they cannot be built."""

import pytest

from sensorium.encoders.transformer import Transformer
from sensorium.errors import PlanError
from sensorium.fusion.attend import Attend
from sensorium.nn.attention import Attention


def test_attend_names_the_heads_that_fit() -> None:
    with pytest.raises(PlanError) as caught:
        Attend(("a",), 12, heads=5)
    assert str(caught.value) == (
        "fusion attend: heads must divide the width 12; got 5. Choose one of: 1, 2, 3, 4, 6, 12."
    )


def test_a_rotary_transformer_names_the_heads_that_give_even_parts() -> None:
    with pytest.raises(PlanError) as caught:
        Transformer({"layout": "ids", "vocabulary": 9}, 12, heads=4)
    assert str(caught.value) == (
        "encoder transformer: heads must divide the width 12 into even parts; got 4. "
        "Choose one of: 1, 2, 3, 6."
    )


def test_an_odd_width_has_no_even_parts() -> None:
    with pytest.raises(PlanError) as caught:
        Transformer({"layout": "ids", "vocabulary": 9}, 7, heads=1)
    assert str(caught.value) == (
        "encoder transformer: heads must divide the width 7 into even parts; got 1. "
        "Choose one of: none (choose an even width)."
    )


def test_attention_itself_checks_its_heads() -> None:
    with pytest.raises(PlanError) as caught:
        Attention(6, 0)
    assert str(caught.value) == "attention: heads must divide the width 6; got 0. Choose one of: 1, 2, 3, 6."
