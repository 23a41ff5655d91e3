"""What `unico up` prints once the service is ready: where it is, and what to paste."""

import asyncio
import contextlib
import http.client
import threading
import time

from rich.console import Console

from app.auth.tokens import development_issuer
from app.samples import (
    World,
    actor_for,
    look_around,
    sample_mutation,
    sample_subscription,
    stands_for,
)
from app.settings import Settings
from domain.identity.model import Role

_PATIENCE_S = 120.0
# Where a client on this machine reaches a server that listens everywhere.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def announce_when_ready(settings: Settings, console: Console) -> None:
    """Returns at once; the banner appears as soon as `/ready` answers 200."""
    threading.Thread(target=_announce, args=(settings, console), name="banner", daemon=True).start()


def address_of(settings: Settings) -> tuple[str, int]:
    """Host and port at which a program on this machine reaches the service."""
    return _EVERYWHERE.get(settings.host, settings.host), settings.port


def _announce(settings: Settings, console: Console) -> None:
    if not wait_until_ready(*address_of(settings), timeout_s=_PATIENCE_S):
        return
    world = asyncio.run(look_around(settings.database_url))
    show(settings, world, console)


def wait_until_ready(host: str, port: int, *, timeout_s: float) -> bool:
    """Whether `/ready` answered 200 within that time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(host, port, timeout=5)
            try:
                connection.request("GET", "/ready")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return True
            finally:
                connection.close()
        time.sleep(0.05)
    return False


def show(settings: Settings, world: World, console: Console) -> None:
    """Print the banner. Tokens and samples are printed bare, so that they can be copied."""
    host, port = address_of(settings)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    console.rule("[bold green]Unico is ready")
    console.print(
        f"GraphQL   {url}/graphql" + ("   (open it: GraphiQL)" if settings.graphiql else "")
    )
    console.print(f"Health    {url}/ready   {url}/metrics")
    if settings.dev_issuer:
        _show_tokens(settings, world, console)
    if world.sku is not None:
        console.print("\n[bold]Watch stock[/] (paste into GraphiQL with the POS token)")
        _bare(console, sample_subscription(world))
        console.print("[bold]Place an order[/] (in another tab, with the CALL_CENTER token)")
        _bare(console, sample_mutation(world))
    console.rule("Ctrl-C stops it; log lines follow")


def _show_tokens(settings: Settings, world: World, console: Console) -> None:
    issuer = development_issuer(settings)
    console.print("\n[bold]Tokens[/] (header: Authorization: Bearer TOKEN; more: unico token)")
    for role in Role:
        console.print(f"{role.value}: {stands_for(role)}")
        _bare(console, issuer.issue(actor_for(role, world), settings.token_ttl))


def _bare(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, markup=False, highlight=False)
