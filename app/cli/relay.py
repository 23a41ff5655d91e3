"""`unico relay`: a sequencer by itself, for installations that want it apart from the workers."""

import asyncio

import click

from app.embedded import resolved
from app.logging import configure
from app.settings import load_settings


@click.command
def command() -> None:
    """Pass committed changes on to whoever watches, until stopped.

    Every worker of `unico up` does this already, and so may this process: of all of them one leads
    and the others stand by, so that any of them may die at any time. Run it on its own to keep live
    updates going while the workers are restarted. Ctrl-C or SIGTERM stops it.

    \b
    Examples:
      unico relay
      DATABASE_URL=postgresql://... REDIS_URL=redis://... unico relay
    """
    # The database libraries take half a second to load: not for `--help`.
    from app.relay import serve_relay

    settings = load_settings()
    configure(settings)
    with resolved(settings) as ready:
        asyncio.run(serve_relay(ready))
