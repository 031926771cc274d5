"""Ready-made vectors: what is read, kept, scaled and told, worked by hand."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from sensorium.errors import CorruptCell
from sensorium.fit_facts import fit_facts
from sensorium.infer_columns import guess_modality
from sensorium.load_table import load_table
from sensorium.media.vector_statistics import (
    Moments,
    packed_floats,
    packed_places,
    unpacked_floats,
    unpacked_places,
)
from sensorium.media.vectors import likely_vectors, together, vectors
from sensorium.modalities.embedding import CLIP, Embedding
from sensorium.model import modality_of
from sensorium.plan_parse import parse
from sensorium.prepare import prepare
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.types import Arrays, Facts


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def npy(array: np.ndarray) -> bytes:
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def read(cells: list[Cell], modality: Embedding | None = None) -> tuple[Packed, Facts]:
    made = modality or Embedding()
    facts = json.loads(json.dumps(made.fit([cells], rng())))
    return made.prepare(cells, facts), facts


def network(packed: Packed, facts: Facts, modality: Embedding | None = None) -> Arrays:
    made = modality or Embedding()
    found: Arrays = made.front([facts], "frames")(made.arrays(packed, packed.records(), "frames"))
    return found


def kind_of(cells: list[Any]) -> str | None:
    return guess_modality(cells, load_table({"x": [1]}))[0]


@pytest.mark.parametrize(
    "cell",
    [
        [1, 2.5, 3],
        (1, 2.5, 3),
        np.array([1, 2.5, 3], np.float16),
        np.array([1, 2.5, 3], ">f8"),
        "[1, 2.5, 3]",
        "[1.  2.5 3. ]",
        "[ 1.\n 2.5\n 3. ]",
        npy(np.array([1, 2.5, 3])),
        npy(np.array([1, 2.5, 3], np.float32)),
    ],
)
def test_a_vector_is_read_from_every_form(cell: Cell) -> None:
    found = vectors(cell)
    assert found.dtype == np.float32
    assert found.tolist() == [1, 2.5, 3]


def test_sequences_and_gaps_are_read() -> None:
    assert vectors([[1, 2], [3, 4], [5, 6]]).shape == (3, 2)
    assert vectors("[[1, 2], [3, null]]").shape == (2, 2)
    assert vectors([np.ones(4), np.zeros(4)]).shape == (2, 4)
    assert np.isnan(vectors([1, None, float("nan")])).tolist() == [False, True, True]
    order = np.arange(6.0).reshape(2, 3)
    assert vectors(npy(np.asfortranarray(order))).tolist() == order.tolist()


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("a text", "expected a list of numbers, got 'a text'"),
        ("[a, b]", "'[a, b]' cannot be read as a list of numbers"),
        ([], "expected a list of numbers, or of lists of numbers, got a list of shape (0,)"),
        ([[[1]]], "expected a list of numbers, or of lists of numbers, got a list of shape (1, 1, 1)"),
        ([[1, 2], [3]], "its vectors differ in length (1 to 2 numbers)"),
        (["a", "b"], "expected numbers, got a list of shape (2,)"),
        ([1, {}], "expected numbers, got a list of something else"),
        ([1.0, float("inf")], "it holds infinite numbers"),
        ([1e300], "it holds infinite numbers"),
        (3, "expected a list of numbers, got 3"),
        (np.array(["a"]), "expected numbers, got an array of shape (1,) and type <U1"),
        (b"junk", "4 bytes is no readable npy file (its first bytes are not those of one)"),
        (npy(np.ones(9))[:-5], "195 bytes is cut off: 67 of 72 bytes are there"),
        (npy(np.array(["a"])), "132 bytes is no readable npy file (its header declares no plain numbers)"),
    ],
)
def test_what_is_no_vector_is_told_with_the_reason(cell: Cell, why: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        vectors(cell)
    assert str(caught.value) == why


def test_files_are_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(50_000.0))
    assert len(vectors(path)) == 50_000
    with pytest.raises(CorruptCell) as caught:
        vectors(path, 0.3)
    assert str(caught.value) == (
        "'a.npy' holds 0.4 MB, more than max_megabytes = 0.3; raise max_megabytes to read it"
    )
    with pytest.raises(CorruptCell) as caught:
        vectors(tmp_path / "no.npy")
    assert str(caught.value) == "'no.npy' cannot be read (No such file or directory)"


def test_a_declared_size_is_refused_before_it_is_loaded() -> None:
    whole = npy(np.zeros(10))
    declared = whole.replace(b"(10,), }" + b" " * 9, b"(99999999999,), }")
    assert len(declared) == len(whole)
    with pytest.raises(CorruptCell) as caught:
        vectors(declared)
    assert str(caught.value) == (
        "208 bytes holds 800,000.0 MB, more than max_megabytes = 100; raise max_megabytes to read it"
    )


def test_numbers_are_standardised_one_by_one_and_gaps_are_masked() -> None:
    cells: list[Cell] = [[1, 10, 5], [3, 30, 5], [None, 20, 5], None, [1, 2], "x"]
    packed, facts = read(cells)
    assert packed.row_status().tolist() == [PRESENT] * 3 + [MISSING, CORRUPT, CORRUPT]
    assert packed.row_reasons() == {
        4: "expected 3 numbers, got 2",
        5: "expected a list of numbers, got 'x'",
    }
    x = network(packed, facts)
    deviation = np.sqrt(200 / 3)
    np.testing.assert_allclose(x.values[:3, 0, 0], [-1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(x.values[:3, 0, 1], [-10 / deviation, 10 / deviation, 0], rtol=1e-6)
    assert x.values[:, 0, 2].tolist() == [0] * 6
    assert x.mask[:, 0].tolist() == [[True] * 3, [True] * 3, [False, True, True], *[[False] * 3] * 3]
    assert facts["missing"] == pytest.approx(1 / 9)


def test_far_numbers_do_not_rule_a_layer() -> None:
    packed, facts = read([[float(x)] * 2 for x in rng().normal(size=400)])
    packed = Embedding().prepare([[1e6, 0]], facts)
    assert CLIP < network(packed, facts).values[0, 0, 0] < 25


def test_a_vector_of_nothing_is_missing() -> None:
    packed, _ = read([[1, 2], [None, None], [float("nan")] * 2, [3, 4]])
    assert packed.row_status().tolist() == [PRESENT, MISSING, MISSING, PRESENT]


def test_sequences_are_frames_of_their_own_length() -> None:
    cells: list[Cell] = [np.ones((2, 3)), np.zeros((5, 3)), [1, 1, 1], None, [[1, 2]]]
    packed, facts = read(cells)
    assert (facts["kind"], facts["width"], facts["longest"]) == ("sequence", 3, 5)
    assert packed.lengths().tolist() == [2, 5, 1, 0, 0]
    x = network(packed, facts)
    assert x.values.shape == (5, 5, 3)
    assert x.mask.any(-1).sum(1).tolist() == [2, 5, 1, 0, 0]
    (plain,) = Embedding().plain([packed], [facts])
    np.testing.assert_allclose(plain.values[:3], [[1] * 3, [0] * 3, [1] * 3])


def test_a_sequence_in_a_column_of_vectors_is_corrupt() -> None:
    packed, facts = read([[1, 2], [3, 4], [[5, 6]], [[5, 6], [7, 8]]])
    assert facts["kind"] == "vector"
    assert packed.row_status().tolist() == [PRESENT, PRESENT, PRESENT, CORRUPT]
    assert packed.row_reasons() == {3: "expected one vector of 2 numbers, got 2 of 2"}


def test_every_choice_of_embeddings_changes_something() -> None:
    cells: list[Cell] = [[float(a), float(10 * b), 3.0] for a, b in rng().normal(1, 1, (50, 2))]
    plain = network(*read(cells)).values
    for scale in ("whole", "none"):
        made = Embedding(scale=scale)
        assert not torch.allclose(network(*read(cells, made), made).values, plain)
    made = Embedding(scale="none")
    np.testing.assert_allclose(network(*read(cells, made), made).values[0, 0, 0], cells[0][0], rtol=1e-6)  # type: ignore[index]
    whole = network(*read(cells, Embedding(scale="whole")), Embedding(scale="whole")).values
    assert float(whole.mean()) == pytest.approx(0, abs=0.02)
    packed, facts = read(cells, Embedding(most=2))
    assert packed.values.shape == (50, 2)
    assert facts["features"] == 2
    (part,) = Embedding(members=1).plain(*[[p] for p in read(cells, Embedding(members=1))])
    np.testing.assert_allclose(part.values[:, 0], [c[1] for c in cells], rtol=1e-6)  # type: ignore[index]
    long: list[Cell] = [np.zeros((9, 2))] * 4
    assert read(long, Embedding(longest=5))[0].lengths().tolist() == [5] * 4
    assert read([npy(np.zeros(1000))], Embedding(max_megabytes=0.001))[0].row_status().tolist() == [CORRUPT]


def test_what_is_left_out_is_told() -> None:
    cells: list[Cell] = [list(x) for x in rng().normal(size=(30, 8))]
    assert Embedding(most=4).notes(read(cells, Embedding(most=4))[1]) == (
        "the 4 of its 8 numbers that vary most are kept (most)",
    )
    assert Embedding(members=3).notes(read(cells, Embedding(members=3))[1]) == (
        "linear models and trees read the 3 of its 8 numbers that vary most (members); networks read all",
    )
    long: list[Cell] = [np.zeros((t, 2)) for t in (1, 2, 9, 9)]
    assert Embedding(longest=5).notes(read(long, Embedding(longest=5))[1]) == (
        "50.0% of its sequences have more than 5 vectors; the rest of those is cut off (longest)",
    )
    assert Embedding().notes(read(cells)[1]) == ()


def test_facts_of_twenty_thousand_numbers_stay_small() -> None:
    cells: list[Cell] = list(rng().normal(size=(20, 20_000)).astype(np.float32))
    packed, facts = read(cells)
    assert len(json.dumps(facts)) < 250_000
    assert packed.values.shape == (20, 20_000)
    field = Embedding().field("genes", [facts])
    (plain,) = Embedding().plain([packed], [facts])
    assert field is not None
    assert field.features == plain.values.shape[1] == 512


def test_statistics_in_one_pass_are_numpys() -> None:
    x = rng().normal(1e4, 3, (200, 5)).astype(np.float32)
    x[rng().random(x.shape) < 0.2] = np.nan
    moments = Moments(5)
    for start in range(0, 200, 30):
        moments.add(x[start : start + 30])
    mean, deviation = moments.scale("each")
    wide = x.astype(np.float64)
    np.testing.assert_allclose(mean, np.nanmean(wide, 0), rtol=1e-6)
    np.testing.assert_allclose(deviation, np.nanstd(wide, 0), rtol=1e-4)
    whole_mean, whole = moments.scale("whole")
    np.testing.assert_allclose([whole_mean[0], whole[0]], [np.nanmean(wide), np.nanstd(wide)], rtol=1e-4)
    assert moments.missing() == pytest.approx(np.isnan(x).mean())


def test_counts_are_ranked_by_their_logarithm_and_others_as_they_are() -> None:
    counts = np.stack([rng().integers(1000, 1100, 100), rng().integers(0, 30, 100), np.ones(100)], 1)
    moments = Moments(3)
    moments.add(counts.astype(np.float32))
    assert moments.ranked(1).tolist() == [1]
    moments.add(np.array([[-1.0, 0, 0]], np.float32))
    assert moments.ranked(1).tolist() == [0]
    assert moments.ranked(1, np.array([1, 2])).tolist() == [0]


def test_packed_numbers_come_back() -> None:
    floats = rng().normal(size=7).astype(np.float32)
    np.testing.assert_array_equal(unpacked_floats(packed_floats(floats)), floats)
    assert unpacked_places(packed_places(np.array([3, 1, 70_000]))).tolist() == [3, 1, 70_000]


def test_lists_are_embeddings_or_signals_by_their_length_and_their_neighbours() -> None:
    noise = rng().normal(size=(40, 64)).astype(np.float32)
    smooth = noise.cumsum(1)
    assert likely_vectors(list(noise))[0] == 0.9
    assert likely_vectors(list(smooth))[0] == 0.3
    assert likely_vectors([noise[0, :n] for n in range(30, 60)])[0] == 0.2
    assert likely_vectors(list(noise[:, :4]))[0] == 0.8
    assert likely_vectors(list(noise[:, :1]))[0] == 0.1
    assert likely_vectors([noise[:5], noise[:9]])[0] == 0.85
    assert likely_vectors([smooth[:5], smooth[:9]])[0] == 0.3
    assert likely_vectors([noise[:5, :6], noise[:9, :6]])[0] == 0.2
    assert likely_vectors([])[0] == 0
    assert together(np.arange(9, dtype=np.float32)) == pytest.approx(1)
    assert together(np.ones(9, np.float32)) == 0


@pytest.mark.parametrize("form", ["arrays", "lists", "texts", "numpy texts", "arrow"])
def test_a_column_of_vectors_is_found_in_every_form(form: str) -> None:
    made = rng().normal(size=(60, 500)).astype(np.float32)
    cells: list[Any] = {
        "arrays": list(made),
        "lists": made.tolist(),
        "texts": [str(row.tolist()) for row in made],
        "numpy texts": [np.array2string(row, threshold=9999, precision=9) for row in made],
        "arrow": pa.array(made.tolist(), pa.list_(pa.float32())),
    }[form]
    table = load_table({"x": cells, "y": ["a", "b"] * 30})
    assert guess_modality([c for chunk in table.chunks("x") for c in chunk], table)[0] == "embedding"
    plan = parse({"version": 1, "inputs": {"x": "embedding"}, "targets": {"y": "classify"}})
    facts = fit_facts(plan, table, np.arange(60))
    data = prepare(plan, facts, table)
    np.testing.assert_allclose(data.inputs["x"][0].values, made, rtol=1e-5)
    assert modality_of(plan.inputs["x"]).describe([facts["inputs"]["x"]["x"]], "frames")["features"] == 500


def test_sequences_of_arrays_in_memory_are_no_pictures() -> None:
    assert kind_of([rng().normal(size=(t, 48)).astype(np.float32) for t in range(4, 40)]) == "embedding"


def test_a_vector_is_shown_as_numbers_and_a_line() -> None:
    told = Embedding().show([1.0, float("nan"), 3.5], 1000)
    assert told.words == "a vector of 3 numbers: 1, nan, 3.5 ..."
    assert told.lines == {"numbers": [1, 0, 3.5]}
    assert Embedding().show(np.ones((2, 3)), 1000).words == "2 vectors of 3 numbers: 1, 1, 1 ..."
    assert Embedding.summary([[1, None], [1, 2]])["not a number"] == "25.0% of the numbers"
    assert Embedding.summary([np.ones((4, 2))])["vectors"]["max"] == 4
    assert Embedding.summary(["x"]) == {}
