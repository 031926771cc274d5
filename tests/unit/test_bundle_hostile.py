"""Bundles that a stranger wrote: refused with an error that names the file; nothing outside is read."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sensorium.bundle import Bundle, load, save
from sensorium.bundle_files import sha256
from sensorium.errors import BundleError
from tiny import asked, fakes, plan_of, table_of, untrained

KINDS = {"size": "number", "sort": "category", "words": "text", "photo": "image"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = plan_of({n: asked(k) for n, k in KINDS.items()}, "classify")
    folder = tmp_path_factory.mktemp("whole") / "bundle"
    save(folder, Bundle(untrained(plan, table_of(fakes(KINDS, "classify", 30))), {"rows": 3}))
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "bundle"))


def edited(folder: Path, **changes: Any) -> None:
    told = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**told, **changes}))


ODD: list[Any] = [None, True, 3, -1, 1.5, "x", "../x", [], [1], {}, {"x": 1}]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON value, itself first."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] + [place for key, one in below for place in places(one, (*path, key))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    made = value.copy()
    made[path[0]] = put(value[path[0]], path[1:], new)
    return made


@pytest.mark.parametrize("file", ["bundle.json", "facts.json", "metrics.json"])
def test_wrong_json_at_any_depth_is_a_bundle_error_or_harmless(file: str, copy: Path) -> None:
    told = json.loads((copy / file).read_text())
    every = places(told)
    rng = np.random.default_rng(len(every))
    chosen = rng.permutation(len(every))[:40] if len(every) > 40 else range(len(every))
    said = []
    for place, odd in [((), []), *((every[p], ODD[int(rng.integers(len(ODD)))]) for p in chosen)]:
        (copy / file).write_text(json.dumps(put(told, place, odd)))
        if file != "bundle.json":
            files = json.loads((copy / "bundle.json").read_text())["files"]
            edited(copy, files={**files, file: sha256(copy / file)})
        with suppress(BundleError):
            load(copy)
            said.append(place)
    assert len(said) <= len(chosen), "the whole file as a list must be refused"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"x"', "[" * 100_000, "\x00", "{'a': 1}"])
@pytest.mark.parametrize("file", ["bundle.json", "facts.json", "plan.yaml", "golden.jsonl"])
def test_files_that_hold_something_else_are_bundle_errors(file: str, text: str, copy: Path) -> None:
    (copy / file).write_text(text)
    if file != "bundle.json":
        files = json.loads((copy / "bundle.json").read_text())["files"]
        edited(copy, files={**files, file: sha256(copy / file)})
    with pytest.raises(BundleError) as told:
        load(copy)
    assert str(copy) in str(told.value)


@pytest.mark.parametrize("share", [0, 4, 8, 100, -1])
def test_weights_cut_short_are_a_bundle_error(share: int, copy: Path) -> None:
    content = (copy / "weights.safetensors").read_bytes()
    (copy / "weights.safetensors").write_bytes(content[:share])
    with pytest.raises(BundleError, match=r"weights\.safetensors: cannot be read \("):
        load(copy, verify=False)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "golden/../../secret", "link", "a\0b"])
def test_files_outside_the_bundle_are_never_read(name: str, copy: Path) -> None:
    (copy.parent / "secret").write_text("secret")
    (copy / "link").symlink_to(copy.parent / "secret")
    files = json.loads((copy / "bundle.json").read_text())["files"]
    edited(copy, files={**files, name: "0" * 64})
    for verify in (True, False):
        with pytest.raises(BundleError) as told:
            load(copy, verify=verify)
        assert "secret" not in str(told.value).replace(repr(name), "")


@pytest.mark.parametrize("file", ["facts.json", "weights.safetensors", "bundle.json", "README.md"])
def test_a_file_that_is_a_link_out_of_the_bundle_is_refused(file: str, copy: Path) -> None:
    shutil.move(copy / file, copy.parent / "moved")
    (copy / file).symlink_to(copy.parent / "moved")
    with pytest.raises(BundleError, match="lies outside the bundle"):
        load(copy, verify=False)
