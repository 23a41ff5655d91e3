"""No pinned version is older than the fix of an advisory that docs/security-advisories.md names."""

import re
from pathlib import Path

import pytest
from packaging.version import Version

from tests.docs.test_dependencies import pins

TEXT = (Path(__file__).parents[2] / "docs" / "security-advisories.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|[^|]+\| ([^ |]+) \|$", TEXT, re.MULTILINE)


def test_the_table_is_read_completely() -> None:
    packages = TEXT.split("## Packages")[1].split("## Servers")[0]
    assert len(ROWS) == packages.count("\n| `")


@pytest.mark.parametrize(("package", "advisory", "fixed"), ROWS)
def test_the_pinned_version_has_the_fix(package: str, advisory: str, fixed: str) -> None:
    pinned = (pins("dev.txt") | pins("runtime.txt"))[package]
    assert Version(pinned) >= Version(fixed), advisory
