"""`unico token`: an access token for development."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import click

from app.embedded import resolved
from app.logging import configure
from app.settings import Settings, load_settings
from domain.common.ids import ChannelCode, CustomerId, LocationId
from domain.identity.model import AT_LOCATION, Actor, Role

if TYPE_CHECKING:
    import asyncpg


@click.command
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role], case_sensitive=False),
    help="What the bearer is.",
)
@click.option("--subject", help="Who the bearer is; appears in histories.")
@click.option("--location", "locations", multiple=True, help="Code of a location; repeatable.")
@click.option("--channel", "channels", multiple=True, help="Code of a channel; repeatable.")
@click.option("--customer", help="Id or e-mail address of the customer.")
def command(
    role: str,
    subject: str | None,
    locations: tuple[str, ...],
    channels: tuple[str, ...],
    customer: str | None,
) -> None:
    """Print an access token; the last line is the bare token.

    A role that needs a scope (a store, a channel, a customer) and is given none gets one that is
    in the database. Only in development: in production your own issuer makes tokens.

    \b
    Examples:
      unico token --role ADMIN
      unico token --role POS --location MI-01
      unico token --role CHANNEL --channel WEB --subject webshop
      unico token --role CUSTOMER --customer ada@example.com
      curl -H "Authorization: Bearer $(unico token --role ADMIN | tail -1)" ...
    """
    # The token library takes a moment to load: not for `--help`.
    from app.auth.tokens import development_issuer

    settings = load_settings()
    configure(settings)
    issuer = development_issuer(settings)
    with resolved(settings) as ready:
        actor = asyncio.run(_actor(ready, Role(role), locations, channels, customer))
    actor = replace(actor, subject=subject or actor.subject)
    click.echo(_describe(actor), err=True)
    click.echo(issuer.issue(actor, settings.token_ttl))


async def _actor(
    settings: Settings,
    role: Role,
    locations: tuple[str, ...],
    channels: tuple[str, ...],
    customer: str | None,
) -> Actor:
    """A caller with the scope asked for; what was not asked for comes from the sample world."""
    import asyncpg

    from app.samples import actor_for, look_around

    actor = actor_for(role, await look_around(settings.database_url))
    connection = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""), timeout=5)
    try:
        if locations:
            found = await _location_ids(connection, locations)
            actor = replace(actor, location_ids=found)
        if channels:
            actor = replace(actor, channel_codes=await _channel_codes(connection, channels))
        if customer:
            actor = replace(actor, customer_id=await _customer_id(connection, customer))
    finally:
        await connection.close()
    return actor


async def _location_ids(
    connection: "asyncpg.Connection[asyncpg.Record]", codes: tuple[str, ...]
) -> frozenset[LocationId]:
    rows = await connection.fetch("SELECT id, code FROM location WHERE code = ANY($1)", list(codes))
    _refuse_unknown("location", codes, {row["code"] for row in rows})
    return frozenset(LocationId(row["id"]) for row in rows)


async def _channel_codes(
    connection: "asyncpg.Connection[asyncpg.Record]", codes: tuple[str, ...]
) -> frozenset[ChannelCode]:
    rows = await connection.fetch("SELECT code FROM channel WHERE code = ANY($1)", list(codes))
    _refuse_unknown("channel", codes, {row["code"] for row in rows})
    return frozenset(ChannelCode(code) for code in codes)


async def _customer_id(connection: "asyncpg.Connection[asyncpg.Record]", text: str) -> CustomerId:
    try:
        return CustomerId(UUID(text))
    except ValueError:
        found = await connection.fetchval(
            "SELECT id FROM customer WHERE email = $1", text.strip().lower()
        )
    if found is None:
        raise click.ClickException(f"No customer {text}: give an id or a known e-mail address.")
    return CustomerId(found)


def _refuse_unknown(kind: str, asked: tuple[str, ...], found: set[str]) -> None:
    if unknown := sorted(set(asked) - found):
        raise click.ClickException(f"No {kind} {', '.join(unknown)} in the database.")


def _describe(actor: Actor) -> str:
    scope = [f"location {each}" for each in sorted(map(str, actor.location_ids))]
    scope += [f"channel {each}" for each in sorted(actor.channel_codes)]
    scope += [f"customer {actor.customer_id}"] if actor.customer_id else []
    text = f"{actor.role.value} {actor.subject}" + (f": {', '.join(scope)}" if scope else "")
    if actor.role in AT_LOCATION and not scope:
        text += " (no location: it will see nothing)"
    return text
