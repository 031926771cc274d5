"""Splits that cannot be followed are told with the plan, before anything is trained."""

import pytest

from sensorium.errors import PlanError
from sensorium.plan import SplitPlan
from sensorium.plan_parse import parse


def parsed(split: dict[str, object]) -> SplitPlan:
    return parse({"inputs": {"age": "number"}, "targets": {"y": "classify"}, "split": split}).split


@pytest.mark.parametrize("split", [{"how": "time", "column": "when"}, {"how": "given", "column": "part"}])
def test_a_split_with_one_test_part_takes_no_folds(split: dict[str, object]) -> None:
    with pytest.raises(PlanError) as error:
        parsed(split | {"folds": 3})
    assert str(error.value) == (
        f"split.folds: a split by {split['how']} has one test part, so folds cannot take turns; leave folds "
        "out, or split random, stratified or by group."
    )
    assert parsed(split).folds is None


def test_validation_needs_a_share_unless_the_table_gives_it() -> None:
    with pytest.raises(PlanError) as error:
        parsed({"shares": [0.8, 0, 0.2]})
    assert str(error.value) == (
        "split.shares: the second share, of validation, must be above 0: what is best is chosen on its rows, "
        "got [0.8, 0.0, 0.2]."
    )
    given: dict[str, object] = {"how": "given", "column": "part", "shares": [0.8, 0, 0.2]}
    assert parsed(given).shares == (0.8, 0, 0.2)
