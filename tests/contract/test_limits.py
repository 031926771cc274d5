"""Every limit of every modality makes a cell past it corrupt; the reason names the limit and its option."""

import numpy as np
import pytest

from sensorium.modalities import modalities
from sensorium.options import describe
from sensorium.table.packed import CORRUPT, PRESENT

LIMITS = [
    (name, row.name, row.default)
    for name in modalities.names()
    for row in describe(modalities.get(name))
    if row.name.startswith("max_") and "corrupt" in row.meaning
]
LEAST: dict[type, float] = {int: 1, float: 1e-9}


def test_what_can_be_a_file_has_limits() -> None:
    limited = {name for name, _, _ in LIMITS}
    assert {name for name in modalities.names() if modalities.get(name).media} == limited


@pytest.mark.parametrize(("name", "option", "default"), LIMITS)
def test_a_cell_past_a_limit_is_corrupt_and_the_reason_names_the_option(
    name: str, option: str, default: str
) -> None:
    kind, rng = modalities.get(name), np.random.default_rng(0)
    cells = kind.fake(rng, 4)
    usual = kind()
    facts = usual.fit([cells], rng)
    assert (usual.prepare(cells, facts).row_status() == PRESENT).all()
    least = LEAST[int] if str(default).lstrip("-").isdigit() else LEAST[float]
    strict = kind(**{option: least})
    packed = strict.prepare(cells, facts)
    assert packed.row_status().tolist() == [CORRUPT] * 4
    for why in packed.row_reasons().values():
        assert f"more than {option} = " in why
        assert f"raise {option} to read it" in why
