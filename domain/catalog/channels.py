"""Use cases: create a channel and change it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.catalog.errors import ChannelCodeTaken
from domain.catalog.events import CHANNEL_CHANGED, CHANNEL_CREATED, channel_event
from domain.catalog.model import Channel, ChannelKind
from domain.catalog.repository import locked_channel
from domain.catalog.tables import channel
from domain.common.errors import ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import ChannelCode
from domain.common.money import check_currency
from domain.common.patch import KEEP, Keep, kept
from domain.common.texts import checked_code, needed_line
from domain.common.transaction import Tx
from domain.events.outbox import publish

MAX_WINDOW = 527_040
"""Minutes of a leap year."""


@dataclass(frozen=True, slots=True)
class CreateChannel:
    """A new channel; see `Channel` for the meaning of the fields."""

    idempotency_key: str
    code: ChannelCode
    kind: ChannelKind
    name: str
    currency: str
    prices_include_tax: bool = True
    active: bool = True
    edit_window_minutes: int | None = None
    converts_prices: bool = False


@dataclass(frozen=True, slots=True)
class UpdateChannel:
    """Other values for a channel; KEEP leaves a field as it is."""

    idempotency_key: str
    code: ChannelCode
    expected_version: int | None = None
    name: str | Keep = KEEP
    currency: str | Keep = KEEP
    prices_include_tax: bool | Keep = KEEP
    active: bool | Keep = KEEP
    edit_window_minutes: int | Keep | None = KEEP
    converts_prices: bool | Keep = KEEP


@dataclass(frozen=True, slots=True)
class ChannelDone:
    """The channel that a use case changed, with the version it has since."""

    code: ChannelCode
    version: int


async def create_channel(tx: Tx, command: CreateChannel) -> ChannelDone:
    """The new channel, version 1; publishes ChannelCreated.

    Raises:
        ChannelCodeTaken: the code is in use. ValidationFailed: a value is malformed.
        IdempotencyConflict: the key was used with another input.
    """

    async def work() -> ChannelDone:
        created = _checked(
            Channel(
                code=command.code,
                kind=command.kind,
                name=command.name,
                currency=command.currency,
                prices_include_tax=command.prices_include_tax,
                active=command.active,
                version=1,
                edit_window_minutes=command.edit_window_minutes,
                converts_prices=command.converts_prices,
            )
        )
        statement = insert(channel).values(_row(created)).on_conflict_do_nothing()
        if await tx.connection.scalar(statement.returning(channel.c.code)) is None:
            raise ChannelCodeTaken(created.code)
        await publish(tx, channel_event(CHANNEL_CREATED, created))
        return ChannelDone(created.code, created.version)

    return await once(tx, "createChannel", command, ChannelDone, work)


async def update_channel(tx: Tx, command: UpdateChannel) -> ChannelDone:
    """The changed channel; publishes ChannelChanged unless every value is as it was.

    Locks the channel's row.

    Raises:
        NotFound: there is no such channel. VersionConflict: it changed since it was read.
        ValidationFailed: a value is malformed. IdempotencyConflict: the key has another input.
    """

    async def work() -> ChannelDone:
        before = await locked_channel(tx.connection, command.code)
        check_version(command.expected_version, before.version)
        after = _checked(
            replace(
                before,
                name=kept(command.name, before.name),
                currency=kept(command.currency, before.currency),
                prices_include_tax=kept(command.prices_include_tax, before.prices_include_tax),
                active=kept(command.active, before.active),
                edit_window_minutes=kept(command.edit_window_minutes, before.edit_window_minutes),
                converts_prices=kept(command.converts_prices, before.converts_prices),
            )
        )
        if after != before:
            after = replace(after, version=before.version + 1)
            await tx.connection.execute(
                sa.update(channel).where(channel.c.code == after.code).values(_row(after))
            )
            await publish(tx, channel_event(CHANNEL_CHANGED, after))
        return ChannelDone(after.code, after.version)

    return await once(tx, "updateChannel", command, ChannelDone, work)


async def edit_window(connection: AsyncConnection, code: ChannelCode) -> timedelta | None:
    """How long after placing customers of the channel may edit their orders; None for ever."""
    window = sa.select(channel.c.edit_window_minutes).where(channel.c.code == code)
    minutes = await connection.scalar(window)
    return None if minutes is None else timedelta(minutes=minutes)


def _checked(given: Channel) -> Channel:
    window = given.edit_window_minutes
    if window is not None and not 0 <= window <= MAX_WINDOW:
        raise ValidationFailed("editWindowMinutes", f"must be 0 to {MAX_WINDOW}")
    checked_code("code", given.code)
    check_currency(given.currency)
    return replace(given, name=needed_line("name", given.name, 200))


def _row(given: Channel) -> dict[str, Any]:
    return {column.name: getattr(given, column.name) for column in channel.columns}
