"""The whole text of everything that can be wrong with a plan's file or a value set from outside."""

from pathlib import Path

import pytest

from sensorium.errors import PlanError
from sensorium.plan_parse import parse
from sensorium.plan_yaml import apply_sets


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "a: 1\nb: 2\na: 3",
            "FILE, line 3, column 1: not a plan in YAML: the key 'a' is there twice; keep one.",
        ),
        ("a: [1", "FILE, line 1, column 6: not a plan in YAML: expected ',' or ']', but got '<stream end>'."),
        ("a: b: c", "FILE, line 1, column 5: not a plan in YAML: mapping values are not allowed here."),
        ("a: &x [*x]", "FILE, line 1, column 8: not a plan in YAML: aliases (*name) are not used in plans."),
        ("? [a]\n: 1", "FILE, line 1, column 3: not a plan in YAML: a key must be plain text."),
        (
            "a: !!python/name:os.system x",
            "FILE, line 1, column 4: not a plan in YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/name:os.system'.",
        ),
        ("\0", "FILE: not a plan in YAML: special characters are not allowed (character 0)."),
        ("[" * 600, "FILE: not a plan in YAML: nested too deeply, or a number too long."),
        ("a: " + "9" * 6000, "FILE: not a plan in YAML: nested too deeply, or a number too long."),
        ("- a", "FILE: expected a mapping with inputs and targets, got ['a']."),
    ],
)
def test_a_file_that_is_no_plan(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(PlanError) as caught:
        parse(path)
    assert str(caught.value) == problem.replace("FILE", str(path))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    lost, latin = tmp_path / "lost.yaml", tmp_path / "latin.yaml"
    latin.write_bytes(b"a: \xe9")
    for path, problem in (
        (lost, "cannot read the plan: No such file or directory."),
        (latin, "a plan must be UTF-8 text (byte 3 is not)."),
    ):
        with pytest.raises(PlanError) as caught:
            parse(path)
        assert str(caught.value) == f"{path}: {problem}"


def test_several_problems_of_a_file_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("inputs: {}\n")
    with pytest.raises(PlanError) as caught:
        parse(path)
    assert str(caught.value).startswith(f"2 problems in {path}:\n- inputs: none;")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("train.epochs", "--set train.epochs: expected path.to.option=value, such as train.epochs=5."),
        ("=3", "--set =3: expected path.to.option=value, such as train.epochs=5."),
        ("a..b=3", "--set a..b=3: expected path.to.option=value, such as train.epochs=5."),
        ("seed.x=1", "--set seed.x=1: seed is 0, which has no options to set."),
        (
            "train.epochs=[1",
            "--set train.epochs=[1, line 1, column 3: not a plan in YAML: "
            "expected ',' or ']', but got '<stream end>'.",
        ),
    ],
)
def test_a_set_that_cannot_be_applied(text: str, problem: str) -> None:
    with pytest.raises(PlanError) as caught:
        apply_sets({"seed": 0}, [text])
    assert str(caught.value) == problem
