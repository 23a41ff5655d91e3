"""`unico up`: everything that one installation needs, in the foreground."""

import os
import signal
import sys
from contextlib import ExitStack, closing
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

import click
from rich.console import Console

from app.cli.seed import seed_when_empty
from app.embedded import resolved
from app.logging import configure
from app.metrics import MULTIPROCESS_FOLDER
from app.settings import Settings, load_settings


@click.command
@click.option("--host", help="Address to listen on (UNICO_HOST).")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one (UNICO_PORT).")
@click.option("--workers", type=int, help="Processes that serve requests (UNICO_WORKERS).")
@click.option("--demo/--no-demo", default=True, help="Fill an empty database with demo data.")
def command(host: str | None, port: int | None, workers: int | None, demo: bool) -> None:
    """Start Unico and stay in the foreground.

    Starts PostgreSQL and Valkey where no URL is set, migrates the database, fills an empty one
    with demo data (in development), and serves. Ctrl-C or SIGTERM stops it cleanly; after a power
    cut or a kill -9, just start it again.

    \b
    Examples:
      unico up
      unico up --port 9000 --workers 4
      UNICO_HOME=/var/lib/unico unico up --host 0.0.0.0
      DATABASE_URL=postgresql://... REDIS_URL=redis://... unico up
    """
    settings = load_settings(host=host, port=port, workers=workers)
    configure(settings)
    signal.signal(signal.SIGTERM, _leave)
    try:
        _run(settings, demo=demo)
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """End through every `finally`, so that embedded servers stop cleanly."""
    sys.exit(128 + number)


def _run(settings: Settings, *, demo: bool) -> None:
    # The server's libraries take a second to load: not for `--help`.
    from app.banner import announce_when_ready
    from app.migrate import upgrade
    from app.server import listen, serve

    console = Console()
    with ExitStack() as stack:
        listener = stack.enter_context(closing(listen(settings.host, settings.port)))
        with console.status("Starting PostgreSQL and Valkey"):
            ready = stack.enter_context(resolved(settings, exclusive=True))
        with console.status("Migrating the database"):
            upgrade(ready.database_url)
        if demo and ready.is_development:
            seed_when_empty(ready, console)
        if ready.workers > 1:
            folder = TemporaryDirectory(prefix="unico-metrics-")
            os.environ[MULTIPROCESS_FOLDER] = stack.enter_context(folder)
        port: int = listener.getsockname()[1]
        announce_when_ready(ready.model_copy(update={"port": port}), console)
        serve(ready, listener)
