"""docs/dependencies.md tells the truth about pyproject.toml and the pinned requirements."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SEPARATE = {"localstripe"}
"""A program that tests start, and whose code none of ours is linked with."""
PERMISSIVE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MPL-2.0", "Unlicense"}

_ROW = re.compile(r"^\| `(?P<name>[^`]+)` \|(?P<rest>.*)\|$", re.MULTILINE)
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    set: str
    version: str
    licence: str
    reason: str
    chosen_over: str


def rows() -> list[Row]:
    text = (ROOT / "docs" / "dependencies.md").read_text()
    found = list(_ROW.finditer(text))
    return [Row(row["name"], *(cell.strip() for cell in row["rest"].split(" | "))) for row in found]


def normalised(requirement: str) -> str:
    """The project's name by PEP 503, without extras, version and marker."""
    matched = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert matched, requirement
    return re.sub(r"[-_.]+", "-", matched[0]).lower()


def direct_dependencies() -> dict[str, str]:
    """Name of each dependency that pyproject.toml states, and its set."""
    stated: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = stated["project"]
    sets: dict[str, list[str]] = {"runtime": project["dependencies"]}
    sets |= project["optional-dependencies"]
    sets["build"] = sets.get("build", []) + stated["build-system"]["requires"]
    return {normalised(one): name for name, listed in sets.items() for one in listed}


def pins(file: str) -> dict[str, str]:
    text = (ROOT / "requirements" / file).read_text()
    return {normalised(pin["name"]): pin["version"] for pin in _PIN.finditer(text)}


def test_every_direct_dependency_has_exactly_one_row() -> None:
    assert sorted(row.name for row in rows()) == sorted(direct_dependencies())


def test_each_row_names_the_set_that_asks_for_the_package() -> None:
    assert {row.name: row.set for row in rows()} == direct_dependencies()


def test_each_row_tells_the_pinned_version() -> None:
    told = {row.name: row.version for row in rows()}
    pinned = pins("dev.txt") | pins("runtime.txt")
    assert told == {name: pinned.get(name, "not pinned") for name in told}


def test_the_requirement_files_agree_with_each_other() -> None:
    runtime, dev = pins("runtime.txt"), pins("dev.txt")
    assert runtime
    assert runtime == {name: dev.get(name, "not pinned") for name in runtime}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_each_row_is_filled_in_and_the_licence_is_permissive(row: Row) -> None:
    assert row.reason
    assert row.chosen_over
    if row.name not in SEPARATE:
        assert set(re.findall(r"[A-Za-z0-9.-]+", row.licence)) - {"AND", "OR"} <= PERMISSIVE
