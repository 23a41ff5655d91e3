"""The rules of the house are kept, and the tools that keep them do notice a violation."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from domain.orders import invariants
from tests.domain.orders.test_invariants import BREAKS

ROOT = Path(__file__).parent.parent
ROOMS = ("app", "resolvers", "subscriptions", "schema", "domain")
LONGEST = 400
# A module may be longer for a reason that is worth writing down here; never over 600 lines.
REASONS: dict[str, str] = {
    "app/migrations/versions/0001_ground.py": "generated: one statement for each table",
    "app/migrations/versions/0029_accounting.py": "the tables and triggers of one area",
}

# What is planted where, and the contract in pyproject.toml that must break.
VIOLATIONS = {
    "Rooms import downwards only": ("schema/planted.py", "import resolvers"),
    "Areas of the domain import downwards only, and every area is listed": (
        "domain/planted/__init__.py",
        "",
    ),
    "Inside an area: use cases, statements, tables, then pure rules": (
        "domain/stock/tables.py",
        "import domain.stock.repository",
    ),
    "The domain is transport-free": ("domain/orders/planted.py", "import starlette"),
    "Rules are pure: no SQL in models, events and errors": (
        "domain/catalog/model.py",
        "import sqlalchemy",
    ),
    "SQL stays in the domain": ("resolvers/planted.py", "import asyncpg"),
}


def lint_imports(folder: Path) -> list[str]:
    """Lines such as `The domain is transport-free KEPT`."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()


def test_every_import_contract_breaks_on_a_planted_violation(tmp_path: Path) -> None:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, line in VIOLATIONS.values():
        planted = tmp_path / file
        planted.parent.mkdir(exist_ok=True)
        with planted.open("a") as source:
            source.write(f"\n{line}\n")

    lines = lint_imports(tmp_path)

    assert {name for name in VIOLATIONS if f"{name} BROKEN" in lines} == set(VIOLATIONS)
    assert sum(line.endswith(" KEPT") for line in lines) == 0


def test_no_module_is_longer_than_a_reader_holds() -> None:
    too_long = {
        str(path.relative_to(ROOT)): lines
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert set(too_long) <= set(REASONS), too_long
    assert all(lines <= 600 for name, lines in too_long.items() if "/versions/" not in name)


def test_every_rule_of_the_oracle_is_seen_to_fail() -> None:
    rules = set(re.findall(r"SELECT '([A-Z]+)'(?: AS kind)?, ", invariants.CREATE))
    broken = {kind for kinds, _ in BREAKS for kind in kinds.split()}
    assert broken == rules, "tests/domain/orders/test_invariants.py breaks each rule by SQL"
