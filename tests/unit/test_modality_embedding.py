"""Ready-made vectors: what is read, kept, scaled and told, worked by hand."""

import json
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from sensorium.fit_facts import fit_facts
from sensorium.infer_columns import guess_modality
from sensorium.load_table import load_table
from sensorium.media.vector_statistics import unpacked_places
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
    packed, facts = read(cells, Embedding(most="all"))
    assert len(json.dumps(facts)) < 250_000
    assert packed.values.shape == (20, 20_000)
    field = Embedding().field("genes", [facts])
    (plain,) = Embedding().plain([packed], [facts])
    assert field is not None
    assert field.features == plain.values.shape[1] == 256


def test_of_long_vectors_and_few_rows_what_varies_most_is_kept() -> None:
    wide = rng().normal(size=(700, 1500)).astype(np.float32)
    wide[:, 1400:] *= 3
    for rows, kept in ((20, 512), (700, 700)):
        facts = Embedding().fit([list(wide[:rows])], rng())
        assert facts["features"] == kept
        assert set(range(1400, 1500)) <= set(unpacked_places(facts["kept"]).tolist())
    assert Embedding().fit([list(wide[:, :1024])], rng())["kept"] is None
    assert Embedding(most="all").fit([list(wide)], rng())["kept"] is None


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


@pytest.mark.parametrize("numbers", [2, 3, 6, 8, 16])
@pytest.mark.parametrize("form", ["lists", "json", "numpy"])
def test_texts_of_vectors_of_any_length_are_vectors_and_broken_ones_are_told(numbers: int, form: str) -> None:
    made = rng().normal(size=(150, numbers)).round(3)
    lists: list[Any] = made.tolist()
    lists[20], lists[90][1] = [1.0] * (numbers + 1), float("nan")
    written = {"lists": lambda x: x, "json": json.dumps, "numpy": lambda x: str(np.array(x))}[form]
    cells = [written(one) for one in lists]
    assert kind_of(cells) == "embedding"
    packed, facts = read(cells)
    assert facts["width"] == numbers
    assert packed.row_reasons() == {20: f"expected {numbers} numbers, got {numbers + 1}"}
    assert (packed.row_status() == PRESENT).sum() == 149


def test_a_few_broken_cells_leave_a_column_of_short_vectors_what_it_is() -> None:
    cells: list[Cell] = [f"[{i / 7:.3f}, 2.305, {i / 3:.3f}, 0.175]" for i in range(195)]
    cells[::39] = ["[1,2"] * 5
    assert Embedding.sniff(cells).score == Embedding.sniff([c for c in cells if c != "[1,2"]).score
    assert Embedding.sniff([*cells, *["[1,2"] * 40]).score < 0.8
