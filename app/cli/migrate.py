"""`unico migrate`: the database schema at the newest revision."""

import click

from app.embedded import resolved
from app.logging import configure
from app.settings import load_settings


@click.command
def command() -> None:
    """Bring the database schema to the newest revision.

    `unico up` does this by itself. Run it on its own before a rolling upgrade, while the old
    workers still serve. Running it twice, or on two hosts at once, is harmless.

    \b
    Examples:
      unico migrate
      DATABASE_URL=postgresql://unico@db/unico unico migrate
    """
    # Alembic and SQLAlchemy take half a second to load: not for `--help`.
    from app.migrate import head, upgrade

    settings = load_settings()
    configure(settings)
    with resolved(settings) as ready:
        upgrade(ready.database_url)
    click.echo(f"The database is at revision {head()}.")
