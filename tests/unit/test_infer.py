"""From a table to its plan: what each column is taken for, what is dropped, and whose word wins."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sensorium.infer import Inference, guess, infer
from sensorium.plan import Choice
from sensorium.plan_write import to_yaml
from sensorium.table.packed import Cell
from sensorium.table.table import Table

ROWS = 120
WORDS = "good bad cat dog sat tree house blue rain walk".split()


def columns(rows: int = ROWS) -> dict[str, list[Any]]:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, rows)
    return {
        "id": list(range(rows)),
        "age": rng.normal(40, 10, rows).round(1).tolist(),
        "height": rng.normal(170, 9, rows).round(1).tolist(),
        "color": [["red", "green", "blue"][i] for i in rng.integers(0, 3, rows)],
        "note": [" ".join(rng.choice(WORDS, 6)) for _ in range(rows)],
        "constant": [7] * rows,
        "empty": [None] * rows,
        "code": [["x", "y", "z"][i] for i in label],
        "price": rng.normal(10, 3, rows).round(2).tolist(),
        "label": [["cat", "dog", "cow"][i] for i in label],
    }


def table(**more: list[Cell]) -> Table:
    return Table.of(list({**columns(), **more}.items()), "a table")


def role(found: Inference, name: str) -> tuple[str, str | None, str | None]:
    one = next(g for g in found.guesses if g.column == name)
    return one.role, one.modality, one.input


def test_columns_become_inputs_by_their_cells() -> None:
    found = infer(table(), "label")
    assert list(found.plan.inputs) == ["note", "numbers", "categories"]
    assert found.plan.inputs["numbers"].columns == ("age", "height", "price")
    assert found.plan.inputs["categories"].columns == ("color",)
    assert found.plan.inputs["note"].modality == Choice("text")
    assert found.plan.targets["label"].task == Choice("classify")
    assert role(found, "age") == ("input", "number", "numbers")
    assert role(found, "note") == ("input", "text", "note")
    assert role(found, "label") == ("target", "classify", None)
    assert [g.column for g in found.guesses] == list(table().names)
    assert all(0 <= g.score <= 1 and (g.reason or g.dropped_because) for g in found.guesses)


def test_what_cannot_be_learned_from_is_dropped_with_the_reason() -> None:
    assert infer(table(), "label").dropped() == {
        "id": "it only names the rows: the whole numbers from 0 to 119, each once",
        "constant": "every cell is the same",
        "empty": "every cell is missing",
        "code": "it is a one-to-one code of 'label', a leak; name it in the plan to keep it",
    }


def test_a_column_that_is_constant_where_it_is_not_missing_is_dropped() -> None:
    found = infer(table(half=[None, "x"] * (ROWS // 2)), "label")
    assert found.dropped()["half"] == "every cell that is not missing is the same"


def test_an_exact_line_through_a_numeric_target_is_a_leak_and_a_noisy_one_is_not() -> None:
    price = columns()["price"]
    noise = np.random.default_rng(1).normal(0, 0.05, ROWS)
    found = infer(
        table(cents=[p * 100 + 3 for p in price], near=[p + n for p, n in zip(price, noise, strict=True)]),
        "price",
    )
    assert found.dropped()["cents"].startswith("it is a one-to-one code of 'price', a leak")
    assert "near" in found.plan.inputs["numbers"].columns
    assert found.plan.targets["price"].task.name == "regress"


def test_columns_that_are_all_different_are_no_code_of_the_target() -> None:
    found = infer(table(), "price")
    assert "note" in found.plan.inputs


def test_a_column_that_the_plan_names_is_never_dropped() -> None:
    user = {
        "inputs": {
            "id": "number",
            "code": {"encoder": "embed"},
            "x": {"modality": "number", "columns": ["constant"]},
        }
    }
    found = infer(table(), "label", user=user)
    assert found.plan.inputs["id"].modality == Choice("number")
    assert found.plan.inputs["code"].modality == Choice("category")
    assert found.plan.inputs["x"].columns == ("constant",)
    assert set(found.dropped()) == {"empty"}


def test_the_users_modality_task_and_seed_win() -> None:
    user = "inputs: {color: text}\ntargets: {label: {loss: {smoothing: 0.2}}}\nseed: 5\ntrain: {epochs: 3}"
    found = infer(table(), "label", user=user, seed=9)
    assert found.plan.inputs["color"].modality == Choice("text")
    assert found.plan.targets["label"].loss.choices == {"smoothing": 0.2}
    assert (found.plan.seed, found.plan.train.epochs) == (5, 3)
    assert infer(table(), "label", seed=9).plan.seed == 9
    numbers = {"targets": {"price": "classify"}}
    assert infer(table(), "price", user=numbers).plan.targets["price"].task.name == "classify"


def test_a_partial_input_is_completed_and_its_columns_leave_the_group() -> None:
    user = {"inputs": {"age": {"encoder": "periodic"}, "numbers": {"clip": 3.0}}}
    found = infer(table(), "label", user=user)
    assert found.plan.inputs["age"].encoder == Choice("periodic")
    assert found.plan.inputs["numbers"].columns == ("height", "price")
    assert found.plan.inputs["numbers"].modality == Choice("number", {"clip": 3.0})


def test_null_leaves_a_column_or_a_group_out() -> None:
    found = infer(table(), "label", user={"inputs": {"note": None, "numbers": None}})
    assert list(found.plan.inputs) == ["categories"]
    assert found.dropped()["note"] == found.dropped()["age"] == "the plan leaves it out"


def test_a_plan_with_a_version_is_taken_as_it_stands() -> None:
    user = "version: 1\ninputs: {age: number, note: {}}"
    found = infer(table(), "label", user=user)
    assert list(found.plan.inputs) == ["age", "note"]
    assert found.plan.inputs["note"].modality == Choice("text")
    assert found.dropped()["height"] == "the plan does not list it"


def test_the_written_plan_infers_itself() -> None:
    plan = infer(table(), "label").plan
    assert infer(table(), "label", user=to_yaml(plan)).plan == plan
    assert infer(table(), user=to_yaml(plan)).plan == plan


def test_group_names_make_way_for_columns_of_that_name() -> None:
    found = infer(table(numbers=columns()["note"]), "label")
    assert found.plan.inputs["numbers"].modality == Choice("text")
    assert found.plan.inputs["numbers_"].columns == ("age", "height", "price")


def test_an_input_of_the_users_keeps_its_name() -> None:
    user = {"inputs": {"note": {"modality": "number", "columns": ["age"]}}}
    found = infer(table(), "label", user=user)
    assert found.plan.inputs["note"].columns == ("age",)
    assert found.plan.inputs["note_"].columns == ("note",)


def test_columns_that_divide_or_weigh_rows_are_no_inputs() -> None:
    parts = ["train"] * 80 + ["val"] * 20 + ["test"] * 20
    more = {"split": parts, "w": columns()["age"][::-1], "person": [f"p{i % 9}" for i in range(ROWS)]}
    found = infer(table(**more), "label", user={"weight": "w"})
    assert (found.plan.split.how, found.plan.split.column) == ("given", "split")
    assert role(found, "split") == ("split", None, None)
    assert role(found, "w") == ("weight", None, None)
    assert role(found, "person")[0] == "input"
    grouped = infer(table(**more), "label", user={"split": {"how": "group", "column": "person"}})
    assert grouped.plan.split.how == "group"
    assert role(grouped, "person") == ("split", None, None)
    drawn = infer(table(**more), "label", user={"split": {"how": "random"}})
    assert (drawn.plan.split.how, drawn.plan.split.column) == ("random", None)
    assert role(drawn, "split") == ("split", None, None)


def test_several_targets_are_no_inputs() -> None:
    found = infer(table(), ["label", "price"])
    assert list(found.plan.targets) == ["label", "price"]
    assert found.plan.inputs["numbers"].columns == ("age", "height")


@pytest.mark.parametrize("suffix", [".png", ""])
def test_texts_that_name_files_are_media(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    names = [f"p{i}{suffix}" for i in range(20)]
    for name in names:
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).save(tmp_path / name, "png")
    cells = [("photo", names), ("x", list(range(20))), ("y", ["a", "b"] * 10)]
    found = infer(Table.of(cells, "t", folder=tmp_path, roots=(tmp_path,)), "y")
    assert found.plan.inputs["photo"].modality == Choice("image")


def test_a_picture_for_every_label_is_a_leak(tmp_path: Path) -> None:
    for name in "ab":
        Image.fromarray(np.full((8, 8, 3), ord(name), np.uint8)).save(tmp_path / f"{name}.png")
    cells = [("sign", ["a.png", "b.png"] * 20), ("x", columns(40)["age"]), ("y", ["a", "b"] * 20)]
    found = infer(Table.of(cells, "t", folder=tmp_path, roots=(tmp_path,)), "y")
    assert list(found.dropped()) == ["sign"]


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    cells = [("photo", [f"p{i}.png" for i in range(20)]), ("x", columns(20)["age"]), ("y", ["a", "b"] * 10)]
    found = infer(Table.of(cells, "t", folder=tmp_path, roots=(tmp_path,)), "y")
    assert found.dropped()["photo"] == (
        "20 of 20 sampled cells name files that cannot be read: 'p0.png': no such file"
    )


def test_guessing_needs_no_target_and_equals_what_is_inferred() -> None:
    assert guess(table(), "label") == infer(table(), "label").guesses
    assert next(g for g in guess(table()) if g.column == "label").role == "input"


def test_the_guess_is_the_same_every_time_and_looks_at_the_whole_table() -> None:
    cells = [("x", [1.5 * i for i in range(1500)] + ["no number"] * 1500), ("y", ["a", "b"] * 1500)]
    first, second = (guess(Table.of(cells, "t"), "y")[0] for _ in range(2))
    assert first == second
    assert first.score < 0.95
