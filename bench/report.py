"""The page of the docs: figures as a table, and the bars as a chart. Everything in it was measured
by the run that wrote it.
"""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.figures import Figure, surroundings

PAGE = Path("docs/benchmarks.md")
CHART = Path("docs/benchmarks.svg")
NOTES = Path("bench/notes.md")

WIDTH, HEAD, FOOT = 860, 30, 30
ROW, THICK = 24, 16
LABELS = 330
LIMIT = LABELS + 220
"""Where the limit of every bar is drawn."""
MOST = 2.0
"""A bar that is used up more often than this is drawn as if it were so."""
MET, MISSED = "#2e7d32", "#c62828"

_INTRODUCTION = """# Benchmarks

Written by `make bench ARGS=--docs`; no figure here is older than that run. `make bench` prints the
same table, `make bench-quick` a rough one in about three minutes. Benchmarks are not tests: nothing
fails when a bar is missed, it is said here.

How it is measured: one machine, loopback only, PostgreSQL with fsync on, everything compared in the
same run. Processor time (user and system, of the server) is the unit wherever it can be, since on
few cores the wall clock also measures the clients. Every client is checked to have got every
version, once and in order, before its deliveries count. What is compared with what stands beside
each bar; the servers that are compared with are in `bench/baselines/`.

"""


def write_page(figures: Sequence[Figure]) -> None:
    """`docs/benchmarks.md` and its chart are those of this run, with the notes on missed bars."""
    CHART.write_text(chart(figures))
    parts = [_INTRODUCTION, _where(), "![Bars](benchmarks.svg)\n", _table(figures)]
    PAGE.write_text("\n".join([*parts, NOTES.read_text()]))


def chart(figures: Sequence[Figure]) -> str:
    """An SVG: how far each bar is used up; shorter is better."""
    bars = [each for each in figures if each.verdict]
    height = HEAD + ROW * len(bars) + FOOT
    return "\n".join(
        [
            _svg(WIDTH, height),
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            _label(LIMIT, HEAD - 12, "the bar", "middle"),
            _upright(LIMIT, HEAD - 6, height - FOOT + 10),
            *[_row(HEAD + ROW * number, each) for number, each in enumerate(bars)],
            _label(LABELS, height - 5, "shorter is better; red is missed"),
            "</svg>\n",
        ]
    )


def _svg(width: int, height: int) -> str:
    size = f'width="{width}" height="{height}"'
    font = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>'


def _upright(x: int, top: int, bottom: int) -> str:
    place = f'x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"'
    return f'<line {place} stroke="black" stroke-dasharray="4"/>'


def _row(top: int, figure: Figure) -> str:
    length = round(max(1.0, min(_used(figure), MOST) * (LIMIT - LABELS)))
    colour = MET if figure.verdict == "pass" else MISSED
    base = top + THICK - 3
    return "\n".join(
        [
            _label(LABELS - 8, base, f"{figure.code} {figure.name}", "end"),
            f'<rect x="{LABELS}" y="{top}" width="{length}" height="{THICK}" fill="{colour}"/>',
            _label(LABELS + length + 6, base, f"{_shown(figure)} ({figure.bar})"),
        ]
    )


def _label(x: int, y: int, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _used(figure: Figure) -> float:
    """How far the bar is used up: 1 is the bar itself."""
    if figure.at_most is not None:
        return figure.value / figure.at_most if figure.at_most else figure.value
    assert figure.at_least is not None
    return figure.at_least / figure.value if figure.value else MOST


def _where() -> str:
    known = surroundings()
    machine = known["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in known["versions"].items())
    return (
        f"{known['date']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}, {versions}.\n"
    )


def _table(figures: Sequence[Figure]) -> str:
    lines = ["| bar | figure | value | limit | verdict | how |", "|---|---|---|---|---|---|"]
    for each in figures:
        cells = [each.code, each.name, _shown(each), each.bar, each.verdict, each.detail]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _shown(figure: Figure) -> str:
    return f"{figure.value:,.2f} {figure.unit}".strip()
