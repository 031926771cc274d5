"""Signals as a kind of column: what is learned, resampled, scaled, kept, shown, and taken for a signal."""

import io
import json
from typing import Any

import numpy as np
import pytest
import torch

from sensorium.errors import CorruptCell, PlanError
from sensorium.media.signal_statistics import names
from sensorium.modalities.sensor import Sensor
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.types import Arrays, Facts

NAN = float("nan")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def learned(cells: list[Any], **choices: Any) -> tuple[Sensor, Facts, Packed]:
    modality = Sensor(**choices)
    facts = json.loads(json.dumps(modality.fit([cells], rng())))
    return modality, facts, modality.prepare(cells, facts)


def batch(modality: Sensor, facts: Facts, packed: Packed, *records: int) -> Arrays:
    made = modality.arrays(packed, np.array(records or packed.records(), np.int64), "frames")
    finished: Arrays = modality.front([facts], "frames")(made)
    return finished


def test_each_channel_is_scaled_by_its_median_and_spread_in_training() -> None:
    cells = [rng(n).normal([100.0, -3.0], [10.0, 0.5], (200, 2)) for n in range(20)]
    modality, facts, packed = learned(cells)
    np.testing.assert_allclose(facts["center"], np.median(np.concatenate(cells), 0))
    low, high = np.quantile(np.concatenate(cells), [0.25, 0.75], axis=0)
    np.testing.assert_allclose(facts["spread"], (high - low) / 1.349)
    x = batch(modality, facts, packed)
    expected = (np.stack(cells) - facts["center"]) / facts["spread"]
    np.testing.assert_allclose(x.values, expected, atol=1e-5)
    assert x.mask.shape == (20, 200, 2)


def test_one_outlier_moves_neither_the_scale_nor_the_network() -> None:
    cells = [rng(n).normal(size=(100, 1)) for n in range(10)]
    spoiled = [cells[0].copy(), *cells[1:]]
    spoiled[0][50] = 1e25
    (_, clean, _), (modality, facts, packed) = learned(cells), learned(spoiled)
    assert facts["center"] == pytest.approx(clean["center"], abs=0.01)
    assert facts["spread"][0] < 1e25
    x = Sensor().front([clean], "frames")(modality.arrays(packed, np.array([0]), "frames"))
    assert 8 < float(x.values[0, 50, 0]) < 8 + np.log(1e25) + 1


def test_a_channel_that_hardly_varies_is_scaled_by_what_it_does() -> None:
    cells = [np.where(rng(n).random((100, 1)) < 0.1, 5.0, 0.0) for n in range(9)]
    facts = learned(cells)[1]
    assert facts["spread"][0] == pytest.approx(0.1 * np.concatenate(cells).std())
    assert learned([np.full((5, 2), 3.0)])[1]["spread"] == [1.0, 1.0]


def test_a_row_may_be_scaled_by_its_own() -> None:
    cells = [rng(n).normal(n, 1 + n, (80, 2)) for n in range(6)]
    x = batch(*learned(cells, scale="row"))
    np.testing.assert_allclose(x.values.mean(1), np.zeros((6, 2)), atol=1e-4)
    np.testing.assert_allclose(x.values.std(1, correction=0), np.ones((6, 2)), atol=1e-3)
    plain = batch(*learned(cells, scale="none"))
    np.testing.assert_allclose(plain.values, np.stack(cells), rtol=1e-5, atol=1e-5)


def test_gaps_are_masked_number_by_number() -> None:
    cell = [[1.0, NAN], [2.0, 5.0], [NAN, NAN], [4.0, 7.0]]
    modality, facts, packed = learned([cell, [[1.0, 2.0]]])
    x = batch(modality, facts, packed)
    assert x.mask.tolist() == [
        [[True, False], [True, True], [False, False], [True, True]],
        [[True, True], [False, False], [False, False], [False, False]],
    ]
    assert not x.values[~x.mask].any()
    assert facts["gaps"] == 0.3
    whole = learned([[[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]])[2]
    assert whole.mask is not None, "chunks of a column all have one, or could not be laid end to end"


def test_a_small_change_on_a_large_number_is_kept() -> None:
    cells = [101_325.0 + 0.001 * rng(n).normal(size=(50, 1)) for n in range(5)]
    modality, facts, packed = learned(cells)
    assert facts["exact"]
    assert packed.values.dtype == np.float64
    expected = (np.stack(cells) - facts["center"]) / facts["spread"]
    np.testing.assert_allclose(batch(modality, facts, packed).values, expected, atol=1e-4)
    assert learned([rng().normal(size=(50, 1))])[2].values.dtype == np.float32


def even(rate: float, steps: int = 40) -> dict[str, Any]:
    times = np.arange(steps) / rate
    return {"time": times + 7.0, "x": np.sin(times), "y": times}


def test_signals_of_different_rates_come_to_the_one_that_facts_tell() -> None:
    cells = [even(20), even(10), even(10), even(40, 80)]
    facts = learned(cells)[1]
    assert (facts["rate"], facts["rates"], facts["names"]) == (15.0, [10, 15, 40], ["x", "y"])
    _, facts, packed = learned(cells, rate=20)
    assert facts["rate"] == 20
    assert packed.lengths().tolist() == [40, 79, 79, 40]
    for record in range(4):
        values = packed.padded(np.array([record]))[0][0].astype(float)
        grid = np.arange(len(values)) / 20
        np.testing.assert_allclose(values[:, 1], grid, atol=0.03)
        np.testing.assert_allclose(values[:, 0], np.sin(grid), atol=0.03)
    assert packed.times is None


def test_a_pair_of_rates_says_how_bare_lists_were_recorded() -> None:
    cells = [np.arange(n * 10.0)[:, None] for n in (3, 6)]
    assert learned(cells)[2].lengths().tolist() == [30, 60]
    assert learned(cells, rate=50)[2].lengths().tolist() == [30, 60]
    _, facts, packed = learned(cells, rate=(10, 50))
    assert (facts["rate"], facts["recorded"], facts["longest"]) == (10, 50, 12)
    assert packed.lengths().tolist() == [6, 12]


def test_irregular_times_are_kept_for_those_who_read_them() -> None:
    cells = [{"t": [0, 0.1, 0.5], "x": [1, 2, 3]}, {"t": [3, 9], "x": [4, 5]}, [6, 7, 8]]
    modality, facts, packed = learned(cells, irregular="keep", rate=10)
    x = batch(modality, facts, packed)
    assert x.times is not None
    assert x.times.dtype == torch.float64
    np.testing.assert_allclose(x.times, [[0, 0.1, 0.5], [0, 6, 0], [0, 0.1, 0.2]])
    assert x.mask[..., 0].tolist() == [[True] * 3, [True, True, False], [True] * 3]
    assert packed.lengths().tolist() == [3, 2, 3]
    field = modality.field("s", [facts])
    (numbers,) = modality.plain([packed], [facts])
    assert field is not None
    assert (field.features, field.scaled) == (len(names(1)), False)
    assert numbers.values[:, -1].tolist() == pytest.approx([0.5, 6, 0.2])


def test_long_signals_keep_their_start_and_the_share_is_told() -> None:
    cells = [np.arange(10.0) + 1] * 9 + [np.arange(50.0) + 1]
    _, facts, packed = learned(cells, longest=10)
    assert facts["cut"] == 0.1
    assert packed.lengths().tolist() == [10] * 10
    assert learned(cells)[1]["longest"] == 50, "all, unless few are much longer"
    assert learned([np.ones(9)] * 400 + [np.ones(80)], longest=None)[1]["longest"] == 9
    late = [[NAN, NAN, 5.0], [1.0, 2.0, 3.0]]
    assert learned(late, longest=2)[2].row_status().tolist() == [MISSING, PRESENT]


def test_what_is_cut_brought_to_one_rate_or_turned_is_told() -> None:
    modality, facts, _ = learned([np.arange(10.0)] * 9 + [np.arange(50.0)], longest=10)
    assert modality.notes(facts) == (
        "10.0% of its signals have more than 10 steps; the rest of those is cut off (longest)",
    )
    modality, facts, _ = learned([even(20), even(10)])
    assert modality.notes(facts) == (
        "its signals have 10 to 20 steps a second; all are brought to 15 (rate)",
    )
    assert Sensor(irregular="keep").notes(facts) == ()
    modality, facts, _ = learned([np.zeros((3, 40))])
    assert modality.notes(facts) == ("its arrays are read as 3 channels over time (channels says else)",)
    assert Sensor(channels=3).notes(facts) == ()


def test_the_field_with_times_may_be_named() -> None:
    cells = [{"when": [0, 2], "x": [1, 2]}]
    assert learned(cells)[1]["names"] == ["when", "x"]
    _, facts, _ = learned(cells, time="when")
    assert (facts["names"], facts["rate"]) == (["x"], 0.5)


def test_which_axis_is_the_channels_is_found_or_told() -> None:
    tall, wide = np.zeros((50, 6)) + np.arange(6), np.zeros((6, 50)) + np.arange(6)[:, None]
    for cells in ([tall, tall], [wide, wide], [tall, tall[:30]], [wide, wide[:, :30]]):
        assert (learned(cells)[1]["channels"], len(learned(cells)[2].values)) == (
            6,
            sum(c.size for c in cells) / 6,
        )
    assert learned([tall], channels=50)[1]["channels"] == 50
    assert learned([wide], channels=50)[1]["channels"] == 50
    square = np.zeros((6, 6)) + np.arange(6)
    assert learned([square])[1]["center"] == list(range(6)), "steps come first when nothing tells"


def test_channels_may_be_chosen_by_name() -> None:
    cells = [{"x": [1, 2], "y": [3, 4], "z": [5, 6]}, {"x": [1, 2], "z": [5, 6]}, {"q": [1, 2]}]
    _, facts, packed = learned(cells, channels=("z", "y"))
    assert facts["names"] == ["z", "y"]
    assert packed.padded(np.arange(2))[0].tolist() == [[[5, 3], [6, 4]], [[5, 0], [6, 0]]]
    assert packed.row_status().tolist() == [PRESENT, PRESENT, CORRUPT]
    table = np.arange(8.0).reshape(4, 2)
    assert learned([table], channels=("2",))[2].values[:, 0].tolist() == [1, 3, 5, 7]
    assert learned(cells[:2])[1]["names"] == ["x", "y", "z"]


def test_limits_are_the_options_of_the_plan() -> None:
    cells: list[Cell] = [np.arange(9.0), np.arange(20.0)]
    packed = learned(cells, max_steps=10)[2]
    assert packed.row_reasons() == {
        1: "the signal has 20 steps, more than max_steps = 10; raise max_steps to read it"
    }
    assert list(learned(cells, max_megabytes=1e-4)[2].row_reasons()) == [1]


def test_signals_of_one_input_must_agree() -> None:
    one, other = learned([np.zeros((9, 2))])[1], learned([np.zeros((9, 3))])[1]
    with pytest.raises(PlanError) as caught:
        Sensor().describe([one, other], "frames")
    assert str(caught.value) == (
        "the signals of one input must have equally many channels; its columns gave [2, 3]. "
        "Set channels of this input, or give each column its own input."
    )
    told = Sensor().describe([one, one | {"longest": 12}], "frames")
    assert told == {"layout": "frames", "features": 2, "rate": 1.0, "longest": 12}


def test_json_holds_signals_as_lists_texts_and_addresses() -> None:
    assert Sensor.from_json([1, 2]) == [1, 2]
    assert Sensor.from_json("[1, 2]") == [1, 2]
    assert Sensor.from_json("a.npy") == "a.npy"
    assert Sensor.from_json("data:;base64,MQoyCg==") == b"1\n2\n"
    broken = Sensor.from_json("[1, x]")
    assert isinstance(broken, CorruptCell)
    assert str(broken) == "'[1, x]' is no list of numbers"


def test_a_signal_is_shown_as_curves_and_told_in_words() -> None:
    told = Sensor().show({"t": [0, 0.5, 2.0], "x": [1.0, 2.0, NAN], "y": [3, 2, 1]}, 1000)
    assert told.words == "3 steps of 2 channels over 2 s, 16.7% gaps"
    assert list(told.lines) == ["x", "y"]
    assert np.isnan(told.lines["x"][2])
    assert [len(v) for v in Sensor().show(np.zeros((5000, 9)), 1000).lines.values()] == [120] * 6
    assert Sensor().show([NAN], 1000).words == "a signal without a real number"
    assert Sensor().show({"fs": 50, "x": [1, 2]}, 1000).words == "2 steps of 1 channel at 50 a second"


def test_the_summary_tells_lengths_rates_gaps_and_ranges() -> None:
    found = Sensor.summary([even(20), even(10), {"x": [NAN, 1.0], "y": [0, 1]}, "no signal"])
    assert (found["steps"]["max"], found["channels"], found["rates"]["min"]) == (40, 2, 10)
    assert found["seconds"]["max"] == 3.9
    assert found["gaps"] == pytest.approx(1 / 12, abs=1e-4)
    assert found["channel y"]["max"] == 3.9
    assert Sensor.summary(["x"]) == {}


def test_npy_bytes_that_rows_share_are_decoded_once() -> None:
    file = io.BytesIO()
    np.save(file, np.arange(4.0))
    _, _, packed = learned([file.getvalue(), None, file.getvalue()])
    assert packed.records().tolist() == [0, 1, 0]
