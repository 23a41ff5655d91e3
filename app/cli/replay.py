"""`unico replay`: real orders of the past, live."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from app.embedded import resolved
from app.logging import configure
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.replay.playing import Pace, Tally

_COLOURS = {"POS": "green", "call center": "cyan", "customer": "magenta", "refused": "red"}


@click.command
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1000,
    show_default=True,
    help="How many times as fast as then time runs.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Orders to replay, the oldest first.",
)
@click.option(
    "--longest-pause",
    type=click.FloatRange(min=0),
    default=1,
    show_default=True,
    help="Seconds to wait at most where nothing happened for long, such as at night.",
)
@click.option("--url", help="Address of the service; that of `unico up` here unless given.")
def command(
    directory: Path, speed: float, limit: int, longest_pause: float, url: str | None
) -> None:
    """Replay the orders of a DIRECTORY through the API while others watch.

    The first orders of the Olist data set are placed and advanced by GraphQL over HTTP, in their
    historic order and at their historic pace, only faster. Beside them you see what is pushed to a
    POS (stock of the busiest sellers), to a call center (activity of some customers) and to these
    customers themselves (their orders), over WebSockets and with real tokens.

    Needs a running service (`unico up`) with the same settings. Sellers, products, customers and
    stock are loaded first. Every replay places new orders; imported ones stay as they are. Ctrl-C
    ends it, with the summary so far.

    \b
    Examples:
      unico replay ../shared/data/olist_sample
      unico replay ../shared/data/olist_sample --speed 20000 --limit 50
    """
    # The database libraries take a second to load: not for `--help`.
    from app.banner import address_of
    from app.client import is_answering
    from app.olist import DirectoryUnfit, check_directory
    from app.replay.playing import Pace, Tally

    settings = load_settings()
    configure(settings)
    console = Console()
    try:
        check_directory(directory)
    except DirectoryUnfit as error:
        raise click.ClickException(error.message) from error
    host, port = address_of(settings)
    address = (url or f"http://{f'[{host}]' if ':' in host else host}:{port}").rstrip("/")
    if not asyncio.run(is_answering(address)):
        raise click.ClickException(
            f"No Unico answers at {address}: start it with `unico up`, or give --url."
        )
    tally = Tally()
    try:
        with resolved(settings) as ready:
            pace = Pace(speed, longest_pause)
            asyncio.run(_replay(ready, directory, limit, address, pace, tally, console))
    except KeyboardInterrupt:
        console.print("Interrupted.")
        raise SystemExit(128 + signal.SIGINT) from None
    except ExceptionGroup as group:
        reason = group.exceptions[0]
        raise click.ClickException(f"The replay broke off: {reason!r}") from group
    finally:
        show(tally, console)


async def _replay(
    settings: Settings,
    directory: Path,
    limit: int,
    url: str,
    pace: "Pace",
    tally: "Tally",
    console: Console,
) -> None:
    from app.auth.tokens import development_issuer
    from app.replay.playing import Replay
    from app.replay.scene import prepare, tokens_for
    from domain.common.database import Database, read_engine, write_engine

    address = settings.database_url
    database = Database(write_engine(address), read_engine(address), after_commit=lambda: None)
    try:
        with console.status("Loading sellers, products, customers and stock") as status:
            scene = await prepare(
                database,
                directory,
                limit,
                lambda step, done, total: status.update(f"Loading: {step} {done:,} of {total:,}"),
            )
    finally:
        await database.close()
    tokens = tokens_for(scene, development_issuer(settings), settings.token_ttl)
    run = f"R{datetime.now(UTC):%y%m%d%H%M%S}"
    console.print(
        f"Replaying {len(scene.orders)} orders at {pace.speed:g} times the historic pace, "
        f"pauses cut to {pace.longest_pause_s:g} s, through {url}"
    )

    def say(who: str, text: str, at: datetime | None = None) -> None:
        when = f"{at:%Y-%m-%d %H:%M}" if at else " " * 16
        colour = _COLOURS.get(who, "bold")
        console.print(f"{when} [{colour}]{who:<13}[/]", end=" ", highlight=False)
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    await Replay(scene, tokens, url, run, say, tally).play(pace)


def show(tally: "Tally", console: Console) -> None:
    """Print what a replay came to."""
    table = Table("replay", "count", box=None)
    table.add_row("orders placed", f"{tally.placed:,}")
    for act, count in sorted(tally.advanced.items()):
        table.add_row(f"orders advanced: {act.value}", f"{count:,}")
    for code, count in sorted(tally.refused.items()):
        table.add_row(f"refused: {code}", f"{count:,}")
    for view, count in sorted(tally.pushes.items()):
        table.add_row(f"pushes to the {view.value}", f"{count:,}")
    console.print(table)
