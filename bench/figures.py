"""What a benchmark reports, and how it is shown."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import ceil
from os import cpu_count
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

VERSIONS = ("strawberry-graphql", "starlette", "uvicorn", "sqlalchemy", "asyncpg", "redis")
PLAIN_WIDTH = 180
"""Columns of the table where the output is not a terminal."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. With a `code` (F1, O3, R1 ...) it is a bar, and `at_most` or `at_least`
    says what it must not exceed or fall below.
    """

    name: str
    value: float
    unit: str
    detail: str = ""
    code: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def verdict(self) -> str:
        """ "pass" or "FAIL" against its bar; empty without one."""
        if self.at_most is None and self.at_least is None:
            return ""
        is_good = (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )
        return "pass" if is_good else "FAIL"

    @property
    def bar(self) -> str:
        """The bar as text."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return "" if self.at_least is None else f">= {self.at_least:g}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)]


def show(figures: Sequence[Figure]) -> None:
    """A table of the figures on the terminal."""
    table = Table("bar", "figure", "value", "unit", "limit", "verdict", "how")
    for each in figures:
        value = f"{each.value:,.2f}"
        table.add_row(each.code, each.name, value, each.unit, each.bar, each.verdict, each.detail)
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    console.print(table)


def surroundings() -> dict[str, Any]:
    """The date, the machine and the versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "cores": cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in VERSIONS},
    }


def write(figures: Sequence[Figure], path: Path) -> None:
    """The figures with their surroundings, as JSON."""
    document = {
        **surroundings(),
        "figures": [{**asdict(each), "verdict": each.verdict} for each in figures],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
