"""scripts/environment.py: what of pip's settings uv is told."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from sources import ROOT


@pytest.fixture(scope="module")
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", ROOT / "scripts" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_settings_of_files_and_variables_are_read_together(environment: ModuleType) -> None:
    listing = "global.find-links='a\\nb'\n:env:.find-links='c d'\nglobal.timeout='180'\nWARNING: odd\n"
    assert environment.settings(listing) == {"find-links": ["a", "b", "c", "d"], "timeout": ["180"]}


def test_only_folders_that_exist_are_handed_over_and_each_once(
    environment: ModuleType, tmp_path: Path
) -> None:
    here = str(tmp_path)
    pip = {"find-links": [here, "file://" + here, here + "/gone", "https://wheels.example/x"]}
    assert environment.flags(pip) == [f"--find-links={here}"]


def test_a_configured_index_is_handed_over_and_none_is_without(environment: ModuleType) -> None:
    urls = ["https://a.example/simple", "https://b.example/simple"]
    assert environment.flags({"index-url": urls}) == ["--default-index=https://b.example/simple"]
    assert environment.flags({}) == []


def test_a_pin_is_found_by_its_whole_name(environment: ModuleType) -> None:
    assert environment.pinned("uvicorn==1.0\nuv==0.13.9\n", "uv") == "uv==0.13.9"
