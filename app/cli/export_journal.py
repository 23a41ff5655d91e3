"""`unico export-journal`: entries of the ledger as a file that an accounting system imports."""

import asyncio
import sys
from datetime import date, datetime
from pathlib import Path

import click

from app.embedded import resolved
from app.logging import configure
from app.settings import Settings, load_settings

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command
@click.option(
    "--format",
    "wanted",
    type=click.Choice(["NEUTRAL", "DYNAMICS_GP", "SAGE_50"], case_sensitive=False),
    default="NEUTRAL",
    show_default=True,
    help="For which system.",
)
@click.option("--from", "first", type=_DAY, required=True, help="First business day.")
@click.option("--to", "last", type=_DAY, required=True, help="Last business day.")
@click.option("--currency", help="Only this currency; SAGE_50 needs one.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; the screen unless given.",
)
def command(
    wanted: str, first: datetime, last: datetime, currency: str | None, output: Path | None
) -> None:
    """Write the journal entries of some business days as CSV.

    \b
    Examples:
      unico export-journal --from 2026-11-01 --to 2026-11-30 --output november.csv
      unico export-journal --format SAGE_50 --currency EUR --from 2026-11-01 --to 2026-11-30
    """
    settings = load_settings()
    configure(settings)
    with resolved(settings) as ready:
        days = first.date(), last.date()
        asyncio.run(_export(ready, wanted.upper(), days, currency, output))


async def _export(
    settings: Settings,
    wanted: str,
    days: tuple[date, date],
    currency: str | None,
    output: Path | None,
) -> None:
    # The database libraries take half a second to load: not for `--help`.
    from domain.accounting.exporting import ExportFormat, JournalExport, checked, journal_file
    from domain.common.database import Database, write_engine
    from domain.common.errors import ValidationFailed

    try:
        export = checked(JournalExport(ExportFormat(wanted), *days, currency))
    except ValidationFailed as error:
        raise click.ClickException(error.message) from error
    engine = write_engine(settings.database_url, pool_size=1)
    database = Database(engine, engine, lambda: None)
    file = output.open("w", newline="") if output else sys.stdout
    try:
        async for part in journal_file(database, export):
            file.write(part)
    finally:
        if output:
            file.close()
        await database.close()
