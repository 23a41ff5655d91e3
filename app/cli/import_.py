"""`unico import`: data from elsewhere."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table

from app.embedded import resolved
from app.logging import configure
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.importing import ImportSummary
    from app.olist import Progress as Note


@click.group
def command() -> None:
    """Load data of other systems, with every refused row accounted for.

    \b
    Examples:
      unico import orders ../shared/data/olist_sample
      unico import orders --help
    """


@command.command("orders")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file for refused rows; quarantine-orders.csv in UNICO_HOME unless given.",
)
@click.option(
    "--tasks", type=click.IntRange(1, 16), default=4, show_default=True, help="Batches at once."
)
def orders(directory: Path, report: Path | None, tasks: int) -> None:
    """Import the orders of a marketplace from a DIRECTORY of CSV files.

    The files have the shape of the public Olist data set: customers, products, sellers,
    geolocation, order_items, order_payments and orders. Sellers become locations where their
    postal codes are; orders come with their payments and in their historic state, with the stock
    that they took. Times in the files are read as local time of Sao Paulo.

    A row that cannot be loaded goes to the quarantine and into the report, with file, line and
    reason. Importing twice changes nothing; after an interruption, run it again.

    \b
    Examples:
      unico import orders ../shared/data/olist_sample
      unico import orders /data/olist --report refused.csv
    """
    # The database libraries take a second to load: not for `--help`.
    from app.migrate import upgrade
    from app.olist import DirectoryUnfit, check_directory

    try:
        check_directory(directory)
    except DirectoryUnfit as error:
        raise click.ClickException(error.message) from error
    settings = load_settings()
    configure(settings)
    console = Console()
    with resolved(settings) as ready:
        upgrade(ready.database_url)
        path = report or settings.home / "quarantine-orders.csv"
        show(run_import(ready, directory, path, tasks, console), console)


def run_import(
    settings: Settings, directory: Path, report: Path, tasks: int, console: Console
) -> "ImportSummary":
    """What `import_orders` did, with its progress on the console.

    Raises:
        ClickException: the directory does not hold the files, or another import runs.
    """
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def note(step: str, done: int, total: int) -> None:
            if step not in bars:
                bars[step] = progress.add_task(step)
            progress.update(bars[step], completed=done, total=total)

        return asyncio.run(_import(settings, directory, report, tasks, note))


async def _import(
    settings: Settings, directory: Path, report: Path, tasks: int, note: "Note"
) -> "ImportSummary":
    from app.importing import import_orders
    from domain.common.database import Database, read_engine, write_engine
    from domain.common.errors import DomainError

    url = settings.database_url
    writes = write_engine(url, pool_size=tasks + 1)
    database = Database(writes, read_engine(url), after_commit=lambda: None)
    try:
        return await import_orders(database, directory, report=report, progress=note, tasks=tasks)
    except DomainError as error:
        raise click.ClickException(error.message) from error
    finally:
        await database.close()


def show(summary: "ImportSummary", console: Console) -> None:
    """Print what an import did."""
    table = Table("kind", "added", box=None)
    for kind, count in summary.added.items():
        table.add_row(kind, f"{count:,}")
    console.print(table)
    rate = summary.rows / summary.seconds
    console.print(f"{summary.rows:,} rows in {summary.seconds:.1f} s, {rate:,.0f} rows/s")
    if summary.added["orders"]:
        rate = summary.added["orders"] / summary.orders_seconds
        console.print(f"Orders took {summary.orders_seconds:.1f} s, {rate:,.0f} orders/s")
    console.print(f"{summary.known_orders:,} orders were known")
    console.print(f"{summary.refused:,} rows refused, {summary.newly_refused:,} of them new")
    if summary.report is not None:
        console.print(f"Refused rows: {summary.report}")
    console.print(f"{summary.changes:,} changes")
