"""`python -m bench`: measures, prints a table, and writes JSON and the page of the docs."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
import uvloop

from bench import (
    crowd,
    engine,
    fanout,
    imports,
    killing,
    latency,
    placing,
    reads,
    recovery,
    sourcing,
)
from bench.figures import Figure, show, write
from bench.report import write_page
from bench.service import MANY_SOCKETS, service
from bench.world import look_around

Section = Callable[[bool], Awaitable[list[Figure]]]


async def _live(quick: bool) -> list[Figure]:
    """L1, then F1 to F4: these write to the stream beside the database, and so come last."""
    commits, sockets, events = (60, 300, 15) if quick else (600, 1_000, 100)
    with service(**MANY_SOCKETS) as running:
        world = await look_around(running, units=10)
        return [
            *await latency.measure(running, world, commits),
            *await latency.measure_requests(running, world, commits // 2),
            *await fanout.measure(running, world, sockets, events),
        ]


async def _crowd(quick: bool) -> list[Figure]:
    """L3, M1, the storm and the deaf client."""
    subscribers, mutations = (1_000, 40) if quick else (5_000, 200)
    figures = await latency.measure_crowded(subscribers, mutations)
    return figures + await crowd.measure(1_500 if quick else 5_000)


async def _recovery(_: bool) -> list[Figure]:
    """A1."""
    return await recovery.measure()


async def _orders(quick: bool) -> list[Figure]:
    """O1 to O4."""
    orders, attempts, seconds = (600, 5_000, 1) if quick else (4_000, 100_000, 4)
    with service() as running:
        world = await look_around(running, units=100 * orders)
        placed = await placing.measure(running, world, orders // 2, seconds)
        decided = await engine.measure(running, world, orders, seconds)
    return [*decided, *placed, *await killing.measure(attempts)]


async def _reads(quick: bool) -> list[Figure]:
    """R1 and R2."""
    with service() as running:
        world = await look_around(running, units=5_000)
        return await reads.measure(running, world, 40 if quick else 400)


async def _imports(quick: bool) -> list[Figure]:
    """B1."""
    return await (imports.measure(rows=20_000, rounds=1) if quick else imports.measure())


async def _sourcing(quick: bool) -> list[Figure]:
    """S1 and S2."""
    return await (sourcing.measure(200, 40, 20) if quick else sourcing.measure(2_000, 400, 200))


SECTIONS: dict[str, Section] = {
    "live": _live,
    "crowd": _crowd,
    "recovery": _recovery,
    "orders": _orders,
    "reads": _reads,
    "imports": _imports,
    "sourcing": _sourcing,
}


@click.command
@click.argument("sections", nargs=-1, type=click.Choice(list(SECTIONS)))
@click.option("--quick", is_flag=True, help="Smaller numbers: about three minutes, rough figures.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the figures as JSON.")
@click.option(
    "--docs", is_flag=True, help="Write docs/benchmarks.md and its chart, of a full run only."
)
def main(sections: tuple[str, ...], quick: bool, output: Path | None, docs: bool) -> None:
    """Measure, with fsync on; all SECTIONS unless some are named. Every bar stands beside its
    figure, and the exit code is 0 whether it is met or not.
    """
    if docs and (quick or sections):
        raise click.UsageError("--docs takes all sections in full: the page is of one run")
    figures: list[Figure] = []
    for name in sections or tuple(SECTIONS):
        click.echo(f"measuring {name} ...", err=True)
        began = time.perf_counter()
        figures += uvloop.run(_section(SECTIONS[name], quick))
        click.echo(f"  {time.perf_counter() - began:.0f} s", err=True)
    show(figures)
    if output is not None:
        write(figures, output)
    if docs:
        write_page(figures)


async def _section(section: Section, quick: bool) -> list[Figure]:
    return await section(quick)


if __name__ == "__main__":
    main()
