"""Bundles: what is saved answers the same when loaded, whatever member it is, and damage is found."""

import ast
import builtins
import inspect
import json
import os
import pickle
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from sensorium import bundle as bundles
from sensorium.bundle import Bundle, load, save
from sensorium.bundle_files import NEEDED
from sensorium.bundle_members import OWN, described, restored
from sensorium.chained import Chained, featured
from sensorium.errors import BundleError
from sensorium.fit_facts import task_of
from sensorium.fusion import fusions
from sensorium.members import members
from sensorium.members._base import Goal, Job, Member
from sensorium.network import Network
from sensorium.predict import Predictor
from sensorium.prepare import prepare
from sensorium.table.field import Field
from sensorium.table.prepared import Prepared
from sources import PACKAGE, package
from tiny import Columns, asked, fakes, numbers_of, plan_of, table_of, untrained

KINDS = {"size": "number", "sort": "category", "words": "text", "photo": "image"}
ROWS = 60
FIELDS = (Field("size", "numbers"), Field("words", "words"))


@cache
def columns() -> Columns:
    return fakes(KINDS, "classify", ROWS)


@cache
def base() -> Predictor:
    """A network over all four inputs; the plan's inputs are not in the order of the alphabet."""
    inputs = {n: asked(k) for n, k in KINDS.items()}
    return untrained(plan_of(inputs, "classify"), table_of(columns()))


@cache
def data() -> Prepared:
    return prepare(base().plan, base().facts, table_of(columns()))


def narrowed(*names: str) -> Network:
    made = base()
    plan = replace(made.plan, inputs={n: made.plan.inputs[n] for n in names})
    found = untrained(plan, table_of(columns())).member
    assert isinstance(found, Network)
    return Network(found.model, plan, made.facts)


@cache
def goals() -> dict[str, Goal]:
    truth, facts = data().targets["y"].values, base().facts["targets"]["y"]
    return {"y": Goal("classify", {}, facts, lambda n, rows: float((n.argmax(1) == truth[rows]).mean()))}


def job(fields: tuple[Field, ...] = FIELDS, table: Prepared | None = None) -> Job:
    return Job(fields, table or data(), np.arange(40), np.arange(40, ROWS), goals(), seed=1)


def quickly(kind: Any, *given: Any) -> Member:
    """A member fitted with few trees and few directions of texts, where it has them."""
    few = {"trees": 4, "steps": 5, "directions": 4}
    choices = inspect.signature(kind.fit).parameters
    found: Member = kind.fit(*given, **{n: v for n, v in few.items() if n in choices})
    return found


@cache
def member(name: str) -> Member:
    """One member of each kind, as the ladder makes them."""
    if name == "network":
        return base().member
    if name == "chained":
        networks = {"photo": narrowed("photo")}
        fields = (*FIELDS, Field("photo", "numbers", 8))
        learner = quickly(members.get("trees"), job(fields, featured(networks, data())))
        return Chained(networks, learner)
    kind: Any = members.get(name)
    inside = (
        {"photo alone": narrowed("photo"), "a": member("linear"), "a/b": member("trees")}
        if name in (*("mean", "ensemble"),)
        else {}
    )
    if name == "mean":
        return kind(inside, goals())
    if name == "ensemble":
        shared = {**inside, "mean": member("mean"), "a again": inside["a"]}
        return kind(shared, {"y": dict.fromkeys(shared, 0.2)}, goals())
    if name == "features":
        made = narrowed("photo").features(data())
        return quickly(kind, job(), made)
    return quickly(kind, job())


KNOWN = sorted({*members.names(), *OWN})


def saved(folder: Path, name: str = "network") -> Path:
    save(folder, Bundle(replace(base(), member=member(name)), {"rows": 3}, "# A card\n"))
    return folder


def edited(folder: Path, **changes: Any) -> Path:
    told = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**told, **changes}))
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("whole") / "bundle")


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "bundle"))


@pytest.mark.parametrize("name", [n for n in KNOWN if n not in ("features", "decided")])
def test_a_loaded_bundle_answers_as_before(name: str, tmp_path: Path) -> None:
    folder = saved(tmp_path / "bundle", name)
    found = load(folder)
    before = replace(base(), member=member(name))
    table = table_of(fakes(KINDS, "classify", 9, seed=5))
    assert np.ptp(numbers_of(before, table), axis=0).max() > 0 or name == "prior"
    np.testing.assert_allclose(
        numbers_of(found.predictor, table), numbers_of(before, table), rtol=0, atol=1e-5
    )
    assert (found.metrics, found.card) == ({"rows": 3}, "# A card\n")
    assert type(found.predictor.member) is type(before.member)


def test_features_are_restored_from_a_bundles_form() -> None:
    arrays: dict[str, Any] = {}
    told = json.loads(json.dumps(described(member("features"), arrays)))
    back: Any = restored(told, arrays, base().facts, "member")
    pooled = narrowed("photo").features(data())
    one, other = (m.numbers_from(data(), pooled).values["y"] for m in (back, member("features")))
    np.testing.assert_array_equal(one, other)


def test_a_member_that_others_share_is_stored_once(tmp_path: Path) -> None:
    told = json.loads((saved(tmp_path / "b", "ensemble") / "bundle.json").read_text())["member"]
    assert told["parts"]["a again"] == {"number": told["parts"]["a"]["number"]}
    assert told["parts"]["mean"]["parts"]["a"] == {"number": told["parts"]["a"]["number"]}
    found = load(tmp_path / "b").predictor.member.parts()
    assert found["a again"] is found["a"]


def test_plan_and_facts_come_back_equal_and_in_order(whole: Path) -> None:
    found = load(whole).predictor
    assert found.plan == base().plan
    assert list(found.plan.inputs) == list(KINDS)
    assert found.facts == base().facts
    assert json.dumps(found.facts) == json.dumps(base().facts)


def test_a_bundle_says_what_it_is_made_of(whole: Path) -> None:
    told = json.loads((whole / "bundle.json").read_text())
    assert (told["version"], told["precision"], told["packages"]) == (1, "float32", [])
    assert told["libraries"]["torch"] == torch.__version__.partition("+")[0] or told["libraries"]["torch"]
    files = {p.relative_to(whole).as_posix() for p in whole.rglob("*") if p.is_file()}
    assert set(told["files"]) == files - {"bundle.json"}


def test_golden_rows_are_made_up_hold_every_column_and_lack_some(whole: Path) -> None:
    rows = [json.loads(line)["row"] for line in (whole / "golden.jsonl").read_text().splitlines()]
    assert {tuple(row) for row in rows} == {tuple(KINDS)}
    assert None not in rows[0].values()
    assert all(any(row[c] is None for row in rows) for c in KINDS)
    assert (whole / str(rows[0]["photo"])).is_file()


def test_saving_over_a_bundle_leaves_nothing_of_it_but_what_is_the_users(copy: Path) -> None:
    assert any((copy / "golden").iterdir())
    (copy / "golden" / "stale").write_bytes(b"x")
    (copy / "notes.txt").write_text("mine")
    plan = plan_of({"size": asked("number")}, "classify")
    save(copy, Bundle(untrained(plan, table_of(columns()))))
    assert sorted(p.name for p in copy.iterdir()) == sorted(
        ["bundle.json", "notes.txt", *NEEDED],
    )
    assert list(load(copy).predictor.plan.inputs) == ["size"]
    assert [p.name for p in copy.parent.iterdir()] == ["bundle"]


def test_a_save_that_fails_leaves_the_old_bundle_whole(copy: Path) -> None:
    with pytest.raises(BundleError) as told:
        save(copy, Bundle(base(), {"odd": object()}))
    assert str(told.value) == (
        "metrics.json: Object of type object is not JSON serializable; facts and metrics must be plain JSON."
    )
    load(copy)
    assert [p.name for p in copy.parent.iterdir()] == ["bundle"]


def test_a_changed_weight_is_caught_by_the_golden_rows(copy: Path) -> None:
    weights = load_file(copy / "weights.safetensors")
    name = next(n for n in weights if n.endswith("weight") and "decoders" in n)
    save_file({**weights, name: -weights[name]}, copy / "weights.safetensors")
    with pytest.raises(BundleError, match="SHA-256 differs"):
        load(copy)
    files = json.loads((copy / "bundle.json").read_text())["files"]
    edited(copy, files={**files, "weights.safetensors": bundles.sha256(copy / "weights.safetensors")})
    with pytest.raises(BundleError, match=r"golden\.jsonl, line 1: .* when the bundle was made and is"):
        load(copy)
    load(copy, verify=False)


def test_an_old_bundle_goes_through_each_upgrade(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []

    def upgrade(told: dict[str, Any]) -> dict[str, Any]:
        steps.append(told["version"])
        renamed = {("member" if key == "model" else key): value for key, value in told.items()}
        return {**renamed, "version": told["version"] + 1}

    told = json.loads((copy / "bundle.json").read_text())
    old = {("model" if key == "member" else key): value for key, value in told.items()}
    (copy / "bundle.json").write_text(json.dumps(old))
    monkeypatch.setattr(bundles, "VERSION", 3)
    monkeypatch.setitem(bundles.UPGRADES, 1, upgrade)
    monkeypatch.setitem(bundles.UPGRADES, 2, upgrade)
    load(copy)
    assert steps == [1, 2]


def test_loading_uses_no_pickle_and_runs_no_code(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a bundle must not run code")

    for owner, name in ((pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), (torch, "load")):
        monkeypatch.setattr(owner, name, never)
    for name in ("eval", "exec", "compile"):
        monkeypatch.setattr(builtins, name, never)
    monkeypatch.setattr(os, "system", never)
    load(whole)


def test_only_the_training_state_is_read_by_torch_and_nothing_by_pickle() -> None:
    for one in package():
        names = {a.name for n in ast.walk(one.tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(one.tree) if isinstance(n, ast.ImportFrom)}
        assert not {n.partition(".")[0] for n in names} & {"pickle", "joblib", "marshal", "shelve", "dill"}
        if one.path != PACKAGE / "train" / "state.py":
            assert "torch.load(" not in one.text
        assert one.text.count("torch.load(") == one.text.count("weights_only=True")


def test_a_component_from_outside_is_named_with_its_package(tmp_path: Path) -> None:
    concat: Any = fusions.get("concat")
    mine = type("Mine", (concat,), {"__module__": "their_package.fusions", "__doc__": concat.__doc__})
    fusions.add("theirs", mine)
    try:
        plan = plan_of({n: asked(KINDS[n]) for n in ("size", "sort")}, "classify", "theirs")
        save(tmp_path / "b", Bundle(untrained(plan, table_of(columns()))))
        load(tmp_path / "b")
    finally:
        fusions.remove("theirs")
    told = json.loads((tmp_path / "b" / "bundle.json").read_text())["packages"]
    assert told == [{"kind": "fusion", "name": "theirs", "package": "their_package"}]
    with pytest.raises(BundleError) as error:
        load(tmp_path / "b")
    assert str(error.value) == (
        f"{tmp_path / 'b' / 'bundle.json'}: the bundle needs the fusion 'theirs' of the package "
        "'their_package', which is not there. Install 'their_package', or import what registers it, "
        "before loading."
    )


def test_a_bundle_behind_a_linked_folder_loads(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(whole)
    load(tmp_path / "link")


def test_predictors_that_share_a_task_give_probabilities(whole: Path) -> None:
    found = load(whole).predictor
    shares = task_of(found.plan.targets["y"]).answers(
        numbers_of(found, table_of(columns())), found.facts["targets"]["y"]
    )
    np.testing.assert_allclose(shares.sum(1), 1)
