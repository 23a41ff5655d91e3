"""`unico import`: data from elsewhere."""

import asyncio
import time
from datetime import UTC, datetime
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
    from domain.imports.model import ImportJob
    from domain.locations.postal_files import PostalFile

_Path = click.Path(path_type=Path)
_File = click.Path(path_type=Path, dir_okay=False)
_REFUSED_SHOWN = 20
_REPORT = click.option(
    "--report",
    type=_File,
    help="CSV file for refused rows; quarantine-<kind>.csv in UNICO_HOME unless given.",
)
_TASKS = click.option(
    "--tasks", type=click.IntRange(1, 16), default=2, show_default=True, help="Chunks at once."
)


@click.group
def command() -> None:
    """Load data of other systems, with every refused row accounted for.

    \b
    Examples:
      unico import products products.csv
      unico import stock counts.csv --as-of 2026-01-31T18:00:00Z
      unico import orders ../shared/data/olist_sample
      unico import postal-codes IT.txt --country IT
      unico import stock --help
    """


@command.command("stock")
@click.argument("file", type=_File)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z"]),
    help="The moment of which the file tells: what moved since is added. Now unless given.",
)
@_REPORT
@_TASKS
def stock(file: Path, as_of: datetime | None, report: Path | None, tasks: int) -> None:
    """Set the units on hand of SKUs at locations from a CSV FILE.

    Columns: location (code), sku, on_hand, and, if wanted, safety_stock. A level is never set below
    what orders and carts have a claim on: such a row is refused. With --as-of the file is a
    snapshot, and older ones that come later are refused.

    \b
    Examples:
      unico import stock levels.csv
      unico import stock counts.csv --as-of 2026-01-31T18:00:00Z --report refused.csv
    """
    _import_file("STOCK", file, as_of, report, tasks)


@command.command("products")
@click.argument("file", type=_File)
@_REPORT
@_TASKS
def products(file: Path, report: Path | None, tasks: int) -> None:
    """Add and change products and variants from a CSV FILE, a row for each variant.

    Columns: product (code), sku, name, and, if wanted, language, category, tax_category, barcode,
    weight_g, tags, active and channels; several tags or channels are separated by semicolons. What
    is left empty stays as it is.

    \b
    Examples:
      unico import products products.csv
    """
    _import_file("PRODUCTS", file, None, report, tasks)


@command.command("prices")
@click.argument("file", type=_File)
@_REPORT
@_TASKS
def prices(file: Path, report: Path | None, tasks: int) -> None:
    """Set prices from a CSV FILE.

    Columns: sku, channel, currency, amount (such as 19.90), and, if wanted, valid_from and
    valid_to. Without valid_from a price is valid from now on.

    \b
    Examples:
      unico import prices prices.csv
    """
    _import_file("PRICES", file, None, report, tasks)


@command.command("customers")
@click.argument("file", type=_File)
@_REPORT
@_TASKS
def customers(file: Path, report: Path | None, tasks: int) -> None:
    """Add and change customers from a CSV FILE.

    Columns: source and reference (the name that a system has for the customer), channel, and, if
    wanted, email, phone, phone_country, first_name, last_name and language. What is left empty
    stays as it is.

    \b
    Examples:
      unico import customers customers.csv
    """
    _import_file("CUSTOMERS", file, None, report, tasks)


@command.command("orders")
@click.argument("source", type=_Path)
@_REPORT
@click.option(
    "--tasks", type=click.IntRange(1, 16), default=4, show_default=True, help="Batches at once."
)
def orders(source: Path, report: Path | None, tasks: int) -> None:
    """Import orders of the past from a CSV file or from a directory of CSV files.

    SOURCE is a file with a row for each line of an order; its columns are in docs/importing.md. Or
    it is a directory of files with the shape of the public Olist data set: customers, products,
    sellers, geolocation, order_items, order_payments and orders. Sellers become locations where
    their postal codes are; orders come with their payments and in their historic state, with the
    stock that they took. Times in these files are read as local time of Sao Paulo.

    A row that cannot be loaded goes to the quarantine and into the report, with file, line and
    reason. Importing twice changes nothing; after an interruption, run it again.

    \b
    Examples:
      unico import orders ../shared/data/olist_sample
      unico import orders /data/olist --report refused.csv
      unico import orders history.csv
    """
    if source.is_file():
        _import_file("ORDERS", source, None, report, tasks)
    else:
        _import_directory(source, report, tasks)


@command.command("postal-codes")
@click.argument("file", type=_File)
@click.option("--country", required=True, help="ISO 3166-1 alpha-2, such as IT.")
def postal_codes(file: Path, country: str) -> None:
    """Set where the postal codes of a country are, from a FILE of GeoNames.

    FILE is text of download.geonames.org/export/zip, such as IT.txt, unpacked: twelve values in a
    line, separated by tabs. Codes with several lines are in their middle. What was known of the
    country before is replaced; lines of other countries do not count. Addresses without coordinates
    are then sourced from what is near their postal code.

    \b
    Examples:
      unico import postal-codes IT.txt --country IT
    """
    # The database libraries take a second to load: not for `--help`.
    from app.imports.postal_codes import import_postal_codes
    from app.migrate import upgrade
    from domain.common.errors import DomainError

    if not file.is_file():
        raise click.ClickException(f"{file} is not a file: give a file of GeoNames.")
    settings = load_settings()
    configure(settings)
    with resolved(settings) as ready:
        upgrade(ready.database_url)
        try:
            read = asyncio.run(import_postal_codes(ready.database_url, file, country))
        except DomainError as error:
            raise click.ClickException(error.message) from error
        except UnicodeDecodeError as error:
            raise click.ClickException(f"{file} is not text in UTF-8: unpack it.") from error
    show_postal_codes(read, Console())


def show_postal_codes(read: "PostalFile", console: Console) -> None:
    """Print what a file said, and the first lines that it said in vain."""
    console.print(f"{read.lines:,} lines, {len(read.points):,} postal codes")
    console.print(f"{read.elsewhere:,} lines of other countries, {len(read.refused):,} refused")
    for each in read.refused[:_REFUSED_SHOWN]:
        console.print(f"line {each.line}: {each.reason}")


def _import_directory(directory: Path, report: Path | None, tasks: int) -> None:
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


def _import_file(
    kind: str, path: Path, as_of: datetime | None, report: Path | None, tasks: int
) -> None:
    """The file is imported, and what was done is on the console.

    Raises:
        ClickException: the file is unfit, or the import failed.
    """
    # The database libraries take a second to load: not for `--help`.
    from app.imports.command import import_file
    from app.migrate import upgrade
    from domain.common.errors import DomainError
    from domain.imports.model import ImportKind
    from domain.imports.receive import ImportFile

    if not path.is_file():
        raise click.ClickException(f"{path} is not a file: give a CSV file.")
    if as_of is not None and as_of.tzinfo is None:
        as_of = as_of.replace(tzinfo=UTC)  # written with a Z
    settings = load_settings()
    configure(settings)
    console = Console()
    wanted = ImportFile(ImportKind(kind), path.name, as_of)
    refused = report or settings.home / f"quarantine-{kind.lower()}.csv"
    started = time.monotonic()
    with resolved(settings) as ready:
        upgrade(ready.database_url)
        with _bars(console) as bars:
            bar = bars.add_task(kind.lower(), total=None)

            def note(job: "ImportJob") -> None:
                done = job.applied + job.unchanged + job.quarantined
                bars.update(bar, completed=done, total=job.rows_read)

            try:
                job, written = asyncio.run(
                    import_file(
                        ready.database_url,
                        path,
                        wanted,
                        report=refused,
                        tasks=tasks,
                        progress=note,
                    )
                )
            except DomainError as error:
                raise click.ClickException(error.message) from error
    show_job(job, time.monotonic() - started, written, console)


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<20}"), BarColumn(), TaskProgressColumn())
    return Progress(*columns, console=console)


def show_job(job: "ImportJob", seconds: float, report: Path | None, console: Console) -> None:
    """Print what became of a file.

    Raises:
        ClickException: the import failed.
    """
    console.print(
        f"{job.rows_read:,} rows in {seconds:.1f} s, {job.rows_read / seconds:,.0f} rows/s"
    )
    for name in ("applied", "unchanged", "quarantined"):
        console.print(f"{getattr(job, name):,} {name}")
    if report is not None:
        console.print(f"Refused rows: {report}")
    if job.failure is not None:
        raise click.ClickException(f"{job.failure}. Import the file again for the rest.")


def run_import(
    settings: Settings, directory: Path, report: Path, tasks: int, console: Console
) -> "ImportSummary":
    """What `import_orders` did, with its progress on the console.

    Raises:
        ClickException: the directory does not hold the files, or another import runs.
    """
    with _bars(console) as progress:
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
