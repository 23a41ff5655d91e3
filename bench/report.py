"""The page of the docs: figures as a table, and the bars as a chart. Everything in it was measured
by the run that wrote it.
"""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

from bench.figures import VERSIONS, Figure

PAGE = Path("docs/benchmarks.md")
CHART = Path("docs/benchmarks.svg")

_ROW, _LEFT, _SCALE, _MOST = 24, 330, 220, 2.0

_INTRODUCTION = """# Benchmarks

Written by `make bench ARGS=--docs`; no figure here is older than that run. `make bench` prints the
same table, `make bench-quick` a rough one in about two minutes. Benchmarks are not tests: nothing
fails when a bar is missed, it is said here.

How it is measured: one machine, loopback only, PostgreSQL with fsync on, everything compared in the
same run and in turns. Processor time (user and system, of the server) is the unit wherever it can
be, since on few cores the wall clock also measures the clients. Every client is checked to have got
every version, once and in order, before its deliveries count. What is compared with what is in
`bench/`: the raw write loop and plain Strawberry with broadcaster are in `bench/baselines/`.

"""


def write_page(figures: Sequence[Figure], notes: Path = Path("bench/notes.md")) -> None:
    """`docs/benchmarks.md` and its chart are those of this run, with the notes on missed bars."""
    CHART.write_text(chart(figures))
    parts = [_INTRODUCTION, _machine(), "![Bars](benchmarks.svg)\n", _table(figures)]
    if notes.exists():
        parts.append(notes.read_text())
    PAGE.write_text("\n".join(parts))


def chart(figures: Sequence[Figure]) -> str:
    """An SVG: how far each bar is used up, where 1 is the bar itself and less is better."""
    bars = [each for each in figures if each.verdict]
    height = _ROW * len(bars) + 60
    limit = _LEFT + _SCALE
    rows = "".join(_bar(number, each) for number, each in enumerate(bars))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="860" height="{height}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="860" height="{height}" fill="white"/>\n'
        f'<text x="{limit}" y="18" text-anchor="middle">the bar</text>\n'
        f'<line x1="{limit}" y1="24" x2="{limit}" y2="{height - 20}" stroke="black" '
        f'stroke-dasharray="4"/>\n{rows}'
        f'<text x="{_LEFT}" y="{height - 5}">shorter is better; red is missed</text>\n</svg>\n'
    )


def _bar(number: int, figure: Figure) -> str:
    top = 30 + number * _ROW
    used = _used(figure)
    width = max(1.0, min(used, _MOST) * _SCALE)
    colour = "#2e7d32" if figure.verdict == "pass" else "#c62828"
    label = _escaped(f"{figure.code} {figure.name}")
    shown = _escaped(f"{figure.value:,.2f} {figure.unit} ({figure.bar})")
    return (
        f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">{label}</text>\n'
        f'<rect x="{_LEFT}" y="{top}" width="{width:.0f}" height="16" fill="{colour}"/>\n'
        f'<text x="{_LEFT + width + 6:.0f}" y="{top + 13}">{shown}</text>\n'
    )


def _used(figure: Figure) -> float:
    if figure.at_most is not None:
        return figure.value / figure.at_most if figure.at_most else figure.value
    assert figure.at_least is not None
    return figure.at_least / figure.value if figure.value else _MOST


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, {versions}.\n"
    )


def _table(figures: Sequence[Figure]) -> str:
    lines = ["| bar | figure | value | limit | verdict | how |", "|---|---|---|---|---|---|"]
    for each in figures:
        value = f"{each.value:,.2f} {each.unit}".strip()
        cells = [each.code, each.name, value, each.bar, each.verdict, each.detail]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
