"""`python -m bench`: starts a service, measures it, prints a table and writes JSON."""

import asyncio
from pathlib import Path

import click

from bench import history, orders, push
from bench.figures import Figure, show, write
from bench.service import Service, service
from bench.world import look_around


@click.command
@click.option("--orders", "order_count", default=400, show_default=True, help="Orders per case.")
@click.option("--pushes", default=250, show_default=True, help="Stock changes watched live.")
@click.option("--reads", default=100, show_default=True, help="Reads of the history.")
@click.option("--workers", default=1, show_default=True, help="Worker processes.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the figures as JSON.")
def main(order_count: int, pushes: int, reads: int, workers: int, output: Path | None) -> None:
    """Measure the running service from outside, over HTTP and WebSockets, with fsync on."""
    with service(workers) as running:
        figures = asyncio.run(_measure(running, order_count, pushes, reads))
    show(figures)
    if output is not None:
        write(figures, output)


async def _measure(running: Service, order_count: int, pushes: int, reads: int) -> list[Figure]:
    world = await look_around(running, units=4 * order_count)
    return [
        *await orders.measure(running, world, order_count),
        *await push.measure(running, world, pushes),
        *await history.measure(running, world, reads),
    ]


if __name__ == "__main__":
    main()
