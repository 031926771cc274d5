"""What fingerprints of cells keep to, whatever the modality: found by the family, not by name."""

import numpy as np
import pytest

from contract._modalities import EACH, fakes
from sensorium.errors import CorruptCell
from sensorium.media.fingerprint import BYTES
from sensorium.modalities import modalities
from sensorium.modalities._base import Modality
from sensorium.table.near import differing


def prints(modality: Modality, cells: list[object]) -> list[bytes | None]:
    return [modality.fingerprint(cell) for cell in cells]


@EACH
def test_a_modality_makes_fingerprints_or_says_that_it_makes_none(name: str) -> None:
    modality = modalities.get(name)()
    made = prints(modality, fakes(name, 6))
    assert {one is not None for one in made} == {modality.near_bits > 0}
    assert all(one is None or len(one) == BYTES for one in made)


@EACH
def test_equal_cells_have_equal_fingerprints_and_different_ones_are_not_near(name: str) -> None:
    modality = modalities.get(name)()
    if not modality.near_bits:
        return
    cells = fakes(name, 12)
    assert prints(modality, cells) == prints(modality, fakes(name, 12))
    made = [np.frombuffer(one, "<u8") for one in prints(modality, cells) if one is not None]
    words, places = np.stack(made), np.arange(12)
    for gap in range(1, 12):
        assert differing(words, places[gap:], places[:-gap]).min() > modality.near_bits


@EACH
def test_what_cannot_be_read_has_no_fingerprint_but_a_reason(name: str) -> None:
    modality = modalities.get(name)()
    if modality.near_bits:
        with pytest.raises(CorruptCell) as caught:
            modality.fingerprint(object())
        assert str(caught.value)
