"""What every family does: list without importing, find by file name, take components from outside."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensorium.errors import PlanError
from sensorium.family import Family
from sensorium.losses._base import Loss
from sensorium.metrics import metrics
from sensorium.metrics._base import Metric
from sensorium.options import family_of
from sensorium.registry import FAMILIES as REGISTERED
from sensorium.registry import register
from sources import FAMILIES, PACKAGE


class Constant(Metric):
    """Always one."""

    kind = "numbers"
    better = "high"

    def value(self, truth: object, answer: object, weight: object) -> float:
        return 1.0


@pytest.fixture
def cleared() -> Iterator[None]:
    yield
    for name in list(metrics._added):
        metrics.remove(name)


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed distribution with two entry points, one good and one that is no metric."""
    (tmp_path / "planet_metrics.py").write_text(
        "from sensorium.metrics._base import Metric\n"
        "class Planet(Metric):\n"
        "    kind, better = 'numbers', 'high'\n"
        "    def value(self, truth, answer, weight):\n"
        "        return 2.0\n"
        "class Stone:\n"
        "    def __repr__(self): return 'Stone'\n"
        "stone = Stone()\n"
    )
    info = tmp_path / "planet_metrics-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: planet-metrics\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[sensorium.metrics]\nplanet = planet_metrics:Planet\nstone = planet_metrics:stone\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("planet_metrics", None)


def test_the_registry_knows_every_family() -> None:
    assert {id(family) for family in REGISTERED.values()} == {id(family_of(folder)) for folder in FAMILIES}
    assert all(kind == family.kind for kind, family in REGISTERED.items())


@pytest.mark.parametrize("folder", FAMILIES)
def test_a_family_lists_exactly_the_files_of_its_folder(folder: str) -> None:
    files = {path.stem for path in (PACKAGE / folder).glob("*.py") if not path.stem.startswith("_")}
    family = family_of(folder)
    assert set(family.names()) == files
    assert family.names() == sorted(family.names())


def test_listing_every_family_imports_no_component_and_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from sensorium.registry import FAMILIES\n"
        "names = [name for family in FAMILIES.values() for name in family.names()]\n"
        f"folders = {FAMILIES!r}\n"
        "heavy = {'torch', 'numpy', 'pyarrow', 'sklearn'} & set(sys.modules)\n"
        "parts = [m.split('.') for m in sys.modules if m.startswith('sensorium.')]\n"
        "inside = [p for p in parts if len(p) > 2 and p[1] in folders]\n"
        "print(sorted(heavy), inside)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] []\n"


@pytest.mark.parametrize("folder", FAMILIES)
def test_every_component_is_one_public_class_that_extends_the_base(folder: str) -> None:
    family = family_of(folder)
    for name in family.names():
        found = family.get(name)
        assert issubclass(found, family.abstract())
        assert found.__module__ == f"sensorium.{folder}.{name}"
        assert family.package_of(name) is None


def test_an_unknown_name_is_told_with_the_place_and_the_nearest_name(cleared: None) -> None:
    metrics.add("constant", Constant)
    with pytest.raises(PlanError) as caught:
        metrics.get("constnat", "targets.y.score")
    known = ", ".join(metrics.names())
    assert str(caught.value) == (
        f"targets.y.score: no metric is named 'constnat'. Did you mean 'constant'? Known: {known}."
    )


def test_a_name_near_to_nothing_is_told_without_a_suggestion() -> None:
    with pytest.raises(PlanError) as caught:
        metrics.get("qqqqqqqqq")
    assert str(caught.value) == f"no metric is named 'qqqqqqqqq'. Known: {', '.join(metrics.names())}."


def test_an_empty_family_says_that_it_knows_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = made(tmp_path, monkeypatch, {})
    with pytest.raises(PlanError) as caught:
        family.get("a")
    assert str(caught.value) == "no thing is named 'a'. Known: none."


def test_what_is_added_is_found_and_what_is_removed_is_gone(cleared: None) -> None:
    before = metrics.names()
    register("metric", "constant", Constant)
    assert metrics.names() == sorted([*before, "constant"])
    assert metrics.get("constant") is Constant
    assert metrics.package_of("constant") == Constant.__module__.partition(".")[0]
    metrics.remove("constant")
    assert metrics.names() == before


def test_a_name_that_is_taken_cannot_be_added(cleared: None) -> None:
    metrics.add("constant", Constant)
    with pytest.raises(PlanError) as caught:
        metrics.add("constant", Constant)
    assert str(caught.value) == "a metric named 'constant' exists already; choose another name."
    assert metrics.get("constant") is Constant


@pytest.mark.parametrize("wrong", [Loss, 3, Constant()])
def test_only_a_class_of_the_family_can_be_added(wrong: object, cleared: None) -> None:
    with pytest.raises(PlanError) as caught:
        metrics.add("wrong", wrong)
    assert str(caught.value) == (
        f"the metric 'wrong' must be a class that extends sensorium.metrics._base.Metric; got {wrong!r}."
    )
    assert "wrong" not in metrics.names()


@pytest.mark.usefixtures("plugged")
def test_an_entry_point_is_listed_unloaded_and_loaded_when_it_is_asked_for() -> None:
    assert {"planet", "stone"} <= set(metrics.names())
    assert "planet_metrics" not in sys.modules
    found = metrics.get("planet")
    assert found.__name__ == "Planet"
    assert found().value(None, None, None) == 2.0
    assert metrics.package_of("planet") == "planet_metrics"


@pytest.mark.usefixtures("plugged")
def test_an_entry_point_that_is_no_component_is_told() -> None:
    with pytest.raises(PlanError) as caught:
        metrics.get("stone")
    assert str(caught.value) == (
        "the metric 'stone' must be a class that extends sensorium.metrics._base.Metric; got Stone."
    )


@pytest.mark.usefixtures("plugged")
def test_an_entry_point_keeps_its_name_from_being_added() -> None:
    with pytest.raises(PlanError) as caught:
        metrics.add("planet", Constant)
    assert str(caught.value) == "a metric named 'planet' exists already; choose another name."


FILES = {
    "none": ("from things._base import Thing\nclass _Hidden(Thing): ...", "none"),
    "two": ("from things._base import Thing\nclass A(Thing): ...\nclass B(Thing): ...", "A, B"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_no_or_two_public_classes_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, defines = FILES[name]
    family = made(tmp_path, monkeypatch, {name: text})
    assert family.names() == [name]
    with pytest.raises(PlanError) as caught:
        family.get(name)
    assert str(caught.value) == f"things.{name} must define exactly one public thing; it defines {defines}."


def test_a_helper_class_and_an_imported_one_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from things._base import Thing, Other\nclass Helper: ...\nclass Real(Thing): ...\n"
    assert made(tmp_path, monkeypatch, {"real": text}).get("real").__name__ == "Real"


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> Family[object]:
    """A family of its own, in a folder of its own, forgotten with the test."""
    folder = tmp_path / "things"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "_base.py").write_text("class Thing: ...\nclass Other(Thing): ...\n")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    for loaded in [m for m in sys.modules if m.partition(".")[0] == "things"]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    return Family("thing", "things", "Thing")
