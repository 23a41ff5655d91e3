"""`unico seed`: a fictional chain to play with."""

import asyncio
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from app.embedded import resolved
from app.logging import configure
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.demo.seeding import Progress as DemoProgress
    from app.demo.seeding import SeedSummary

_UNFINISHED = "demo.unfinished"


@click.command
def command() -> None:
    """Add the demo chain: stores, products, stock, customers and some orders.

    A fictional retailer in Italy and Spain, always the same. What is there already stays as it
    is: seeding twice changes nothing, and after an interruption the rest is added. `unico up`
    does this by itself when it finds an empty database in development.

    \b
    Examples:
      unico seed
      DATABASE_URL=postgresql://... unico seed
    """
    # The database libraries take a second to load: not for `--help`.
    from app.migrate import upgrade

    settings = load_settings()
    configure(settings)
    console = Console()
    with resolved(settings) as ready:
        upgrade(ready.database_url)
        summary = seed(ready, console)
    console.print(_describe(summary))


def seed(settings: Settings, console: Console) -> "SeedSummary":
    """The demo chain is there, whole; what was added."""
    note = settings.home / _UNFINISHED
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    note.touch()
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step)
            progress.update(tasks[step], completed=done, total=total)

        summary = asyncio.run(_seed(settings, show))
    note.unlink()
    return summary


def seed_when_empty(settings: Settings, console: Console) -> None:
    """As `seed`, if the database has no location yet or an earlier seeding was interrupted."""
    was_interrupted = (settings.home / _UNFINISHED).exists()
    if was_interrupted or asyncio.run(_is_empty(settings)):
        console.print("Filling the empty database with demo data (once; skip it with --no-demo)")
        seed(settings, console)


async def _seed(settings: Settings, show: "DemoProgress") -> "SeedSummary":
    import sqlalchemy as sa

    from app.demo.seeding import seed_demo
    from domain.common.database import Database, read_engine, write_engine
    from domain.payments.sandbox import SandboxGateway

    url = settings.database_url
    database = Database(write_engine(url), read_engine(url), after_commit=lambda: None)
    try:
        summary = await seed_demo(database, SandboxGateway(database.writes), show)
        # Without statistics the first plans on full tables are bad ones.
        async with database.reads.connect() as connection:
            await connection.execute(sa.text("ANALYZE"))
    finally:
        await database.close()
    return summary


async def _is_empty(settings: Settings) -> bool:
    import asyncpg

    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""), timeout=5)
    try:
        return not await connection.fetchval("SELECT EXISTS (SELECT FROM location)")
    finally:
        await connection.close()


def _describe(summary: "SeedSummary") -> str:
    counts = {
        "channels": summary.channels,
        "locations": summary.locations,
        "products": summary.products,
        "customers": summary.customers,
        "stock levels": summary.levels,
        "orders": summary.orders,
    }
    return "Added: " + ", ".join(f"{count} {name}" for name, count in counts.items())
