"""`unico simulate`: a day in the life of a chain, and everything that follows from it."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from app.embedded import resolved
from app.logging import configure
from app.settings import load_settings

if TYPE_CHECKING:
    from app.simulation.running import Result

_SHOWN_VIOLATIONS = 20


@click.command
@click.option(
    "--stores", type=click.IntRange(1, 200), default=12, show_default=True, help="Stores."
)
@click.option(
    "--orders",
    type=click.IntRange(1, 100_000),
    default=2_000,
    show_default=True,
    help="Orders that customers place on the first day.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="What chance starts from.")
def command(stores: int, orders: int, seed: int) -> None:
    """Simulate a day of orders, and the days until they all are over, through the API.

    Customers, tills, the call center, staff of stores and distribution centres, carriers and buyers
    act by GraphQL with tokens of their own. Some cards are declined, some work is rejected or never
    answered, shelves are short, parcels are late or lost, and some customers never come. The same
    seed gives the same days. Time is the database's and moves from one act to the next.

    It runs on servers and data of its own in a temporary folder: nothing of yours is touched. Ends
    with what came of it, and with exit code 1 if the books are not sound or a call failed inside.

    \b
    Examples:
      unico simulate --stores 12 --orders 2000
      unico simulate --orders 100 --seed 7
    """
    # The database libraries take a second to load: not for `--help`.
    from app.simulation.running import Plan, simulate

    console = Console()
    with TemporaryDirectory(prefix="unico-simulation-", ignore_cleanup_errors=True) as folder:
        settings = load_settings(
            home=Path(folder),
            database_url="",
            read_database_url="",
            redis_url="",
            log_level="error",
        )
        configure(settings)
        with resolved(settings, exclusive=True) as ready:
            plan = Plan(stores, orders, seed)
            console.print(f"{orders:,} orders, {stores} stores, seed {seed}")
            result = asyncio.run(simulate(ready, plan, console.print))
    show(result, console)
    if not result.is_sound:
        raise SystemExit(1)


def show(result: "Result", console: Console) -> None:
    """Print what a simulation came to."""
    tally, summary = result.tally, result.summary
    table = Table("measure", "value", box=None)
    for name, value in (
        ("orders placed", f"{summary.placed:,}"),
        ("orders closed", f"{summary.closed:,}"),
        ("orders cancelled", f"{summary.cancelled:,}"),
        ("orders expired unpaid", f"{summary.expired:,}"),
        ("orders still open", f"{summary.open:,}"),
        ("fill rate (units)", str(summary.fill_rate)),
        ("split rate (orders)", str(summary.split_rate)),
        ("on time (shipments by their cut-off)", str(summary.on_time)),
        ("cancellations (units)", str(summary.units_cancelled)),
        ("never collected (units)", str(summary.units_not_collected)),
        ("captured", f"{summary.captured:,} EUR"),
        ("refunded", f"{summary.refunded:,} EUR"),
        ("calls of the API", f"{tally.calls:,}"),
    ):
        table.add_row(name, value)
    console.print(table)
    events = Table("what happened", "times", box=None)
    for name, number in sorted(tally.events.items()):
        events.add_row(name, f"{number:,}")
    for (name, code), number in sorted(tally.refused.items()):
        events.add_row(f"refused: {name} {code}", f"{number:,}")
    console.print(events)
    if tally.defects:
        console.print(f"[red]{tally.defects} calls failed inside[/]")
    for violation in summary.violations[:_SHOWN_VIOLATIONS]:
        console.print(f"[red]{violation.kind}[/] {violation.subject} {violation.detail}")
    if summary.violations:
        console.print(f"[red]the oracle sees {len(summary.violations)} violations[/]")
    else:
        console.print("[green]the oracle is empty: the books are sound[/]")
