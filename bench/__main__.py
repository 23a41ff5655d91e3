"""`python -m bench`: measures, prints a table, and writes JSON and the page of the docs."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import click
import uvloop

from bench import crowd, engine, fanout, history, imports, latency, orders, push, reads, recovery
from bench.figures import Figure, show, write
from bench.report import write_page
from bench.service import service
from bench.world import look_around

Section = Callable[[bool], Awaitable[list[Figure]]]


async def _live(quick: bool) -> list[Figure]:
    """F1 to F4, then L1."""
    with service(max_sockets_per_address=20_000, max_concurrency=20_000) as running:
        world = await look_around(running, units=10)
        sockets, events = (300, 45) if quick else (1_000, 150)
        figures = await fanout.measure(running, world, sockets, events)
    with service() as running:
        world = await look_around(running, units=10)
        return figures + await latency.measure(running, world, 90 if quick else 600)


async def _crowd(quick: bool) -> list[Figure]:
    """L3, M1, the storm and the deaf client."""
    subscribers, mutations = (1_000, 60) if quick else (5_000, 200)
    figures = await latency.measure_crowded(subscribers, mutations)
    return figures + await crowd.measure(1_500 if quick else 5_000)


async def _recovery(_: bool) -> list[Figure]:
    """A1."""
    return await recovery.measure()


async def _orders(quick: bool) -> list[Figure]:
    """O1 to O4."""
    if quick:
        return await engine.measure(orders=800, attempts=6_000, seconds=2)
    return await engine.measure(orders=4_000, attempts=100_000, seconds=4)


async def _reads(quick: bool) -> list[Figure]:
    """R1 and R2."""
    with service() as running:
        world = await look_around(running, units=5_000)
        return await reads.measure(running, world, 60 if quick else 400)


async def _imports(quick: bool) -> list[Figure]:
    """B1."""
    return await (imports.measure(rows=40_000, rounds=1) if quick else imports.measure())


async def _service(quick: bool) -> list[Figure]:
    """The service as one client sees it: orders, pushes and histories."""
    count = 100 if quick else 400
    with service() as running:
        world = await look_around(running, units=4 * count)
        return [
            *await orders.measure(running, world, count),
            *await push.measure(running, world, 100 if quick else 250),
            *await history.measure(running, world, 30 if quick else 100),
        ]


SECTIONS: dict[str, Section] = {
    "live": _live,
    "crowd": _crowd,
    "recovery": _recovery,
    "orders": _orders,
    "reads": _reads,
    "imports": _imports,
    "service": _service,
}


@click.command
@click.argument("sections", nargs=-1, type=click.Choice(list(SECTIONS)))
@click.option("--quick", is_flag=True, help="Smaller numbers: about two minutes, rough figures.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the figures as JSON.")
@click.option("--docs", is_flag=True, help="Write docs/benchmarks.md and its chart.")
def main(sections: tuple[str, ...], quick: bool, output: Path | None, docs: bool) -> None:
    """Measure, with fsync on; all SECTIONS unless some are named. Every bar stands beside its
    figure, and the exit code is 0 whether it is met or not.
    """
    figures: list[Figure] = []
    for name in sections or tuple(SECTIONS):
        click.echo(f"measuring {name} ...", err=True)
        figures += uvloop.run(_section(SECTIONS[name], quick))
    show(figures)
    if output is not None:
        write(figures, output)
    if docs:
        write_page(figures)


async def _section(section: Section, quick: bool) -> list[Figure]:
    return await section(quick)


if __name__ == "__main__":
    main()
