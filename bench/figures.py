"""What a benchmark reports, and how it is shown."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import ceil
from os import cpu_count
from pathlib import Path

from rich.console import Console
from rich.table import Table

VERSIONS = ("strawberry-graphql", "starlette", "uvicorn", "sqlalchemy", "asyncpg", "redis")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number."""

    name: str
    value: float
    unit: str
    detail: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)]


def show(figures: Sequence[Figure]) -> None:
    """A table of the figures on the terminal."""
    table = Table("figure", "value", "unit", "how")
    for each in figures:
        table.add_row(each.name, f"{each.value:,.2f}", each.unit, each.detail)
    Console().print(table)


def write(figures: Sequence[Figure], path: Path) -> None:
    """The figures with machine and versions, as JSON."""
    document = {
        "machine": {"cores": cpu_count(), "python": platform.python_version()},
        "versions": {name: version(name) for name in VERSIONS},
        "figures": [asdict(each) for each in figures],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
