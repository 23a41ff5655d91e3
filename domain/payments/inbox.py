"""Messages of PSPs: each is stored once and applied from there, until it could be applied.

What it is applied to may be in areas above this one, so whoever takes messages in says how.
"""

import contextlib
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.transaction import Tx
from domain.payments.news import (
    AuthorisationNews,
    DisputeNews,
    News,
    PayoutNews,
    PspMessage,
    RefundNews,
)
from domain.payments.psp_tables import psp_message
from domain.stock.errors import InsufficientStock

WAITS = timedelta(days=30)
"""How long a message waits for what it is about."""

PAUSE = timedelta(minutes=1)
"""A parked message is not tried more often, unless something new is heard of its subject."""

_KINDS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (AuthorisationNews, RefundNews, DisputeNews, PayoutNews)
}


class MessageState(StrEnum):
    """What came of a message."""

    RECEIVED = "RECEIVED"
    """Stored, not applied yet."""
    APPLIED = "APPLIED"
    IGNORED = "IGNORED"
    """There was nothing in it for us."""
    DUPLICATE = "DUPLICATE"
    """It was taken in before; never stored."""
    PARKED = "PARKED"
    """What it is about, or what must come before, is not known yet: it waits for that."""
    DROPPED = "DROPPED"
    """That never came."""


class Apply(Protocol):
    """How a message is applied, whatever was applied before."""

    async def __call__(self, tx: Tx, message: PspMessage, *, stock_is_gone: bool = False) -> bool:
        """Whether the message was applied, or had been; False: its predecessor is not known.

        Raises:
            InsufficientStock: an order cannot be confirmed; call it again with `stock_is_gone`, in
                another transaction.
        """
        ...


async def take_in(
    database: Database, message: PspMessage, apply: Apply, correlation_id: str = ""
) -> MessageState:
    """What came of the message, which is stored whatever comes of it: RECEIVED when it could not be
    applied for another reason than an unknown predecessor, so that a worker tries again; DUPLICATE
    when it was stored before, and nothing is changed.

    Messages that waited for it are applied as well.

    Locks: the message, then what `apply` locks; none while it is being stored.
    """
    stored = await database.run(
        lambda tx: _store(tx, message), actor_key=actor_of(message.provider)
    )
    if stored is not MessageState.RECEIVED:
        return stored
    state = MessageState.RECEIVED
    # Whatever goes wrong, all are stored: the worker that tries again tells what it is.
    with contextlib.suppress(Exception):
        state = await _apply_stored(database, message.provider, message.id, apply, correlation_id)
        if state is MessageState.APPLIED:
            await apply_waiting(database, apply, subject=message.subject)
    return state


async def apply_waiting(
    database: Database, apply: Apply, *, limit: int = 100, subject: str | None = None
) -> int:
    """How many stored messages, about `subject` if given, were applied, or dropped since what they
    are about never came (database time). Those that were tried longest ago come first; one that
    fails ends the work, and comes last the next time.

    Raises:
        Exception: what `apply` raised.
    """
    found = await database.read_primary(lambda connection: _waiting(connection, limit, subject))
    done = 0
    for provider, message_id in found:
        state = await _apply_stored(database, provider, message_id, apply, "")
        done += state is MessageState.APPLIED
    return done + (0 if subject else await database.run(_drop_old, actor_key="SYSTEM:inbox"))


def actor_of(provider: str) -> str:
    """Who changes what a PSP tells to change."""
    return f"SYSTEM:psp-{provider}"


async def _store(tx: Tx, message: PspMessage) -> MessageState:
    now = await tx.now()
    state = MessageState.IGNORED if message.news is None else MessageState.RECEIVED
    first = await tx.connection.execute(
        insert(psp_message)
        .values(
            provider=message.provider,
            message_id=message.id,
            kind=message.kind,
            subject=message.subject,
            news=None if message.news is None else _dumped(message.news),
            state=state.value,
            occurred_at=message.occurred_at,
            received_at=now,
            tried_at=now,
        )
        .on_conflict_do_nothing()
        .returning(psp_message.c.message_id)
    )
    return MessageState.DUPLICATE if first.scalar_one_or_none() is None else state


async def _apply_stored(
    database: Database, provider: str, message_id: str, apply: Apply, correlation_id: str
) -> MessageState:
    actor_key = actor_of(provider)

    async def run(*, stock_is_gone: bool = False) -> MessageState:
        return await database.run(
            lambda tx: _again(tx, provider, message_id, apply, stock_is_gone=stock_is_gone),
            actor_key=actor_key,
            correlation_id=correlation_id,
        )

    try:
        return await run()
    except InsufficientStock:
        return await run(stock_is_gone=True)
    except Exception:
        await database.run(lambda tx: _tried(tx, provider, message_id), actor_key=actor_key)
        raise


async def _again(
    tx: Tx, provider: str, message_id: str, apply: Apply, *, stock_is_gone: bool
) -> MessageState:
    mine = sa.and_(psp_message.c.provider == provider, psp_message.c.message_id == message_id)
    query = sa.select(psp_message).where(mine).with_for_update()
    row = (await tx.connection.execute(query)).one()
    state = MessageState(row.state)
    if state not in (MessageState.RECEIVED, MessageState.PARKED):
        return state
    message = PspMessage(
        row.provider, row.message_id, row.kind, row.subject, row.occurred_at, _loaded(row.news)
    )
    applied = await apply(tx, message, stock_is_gone=stock_is_gone)
    state = MessageState.APPLIED if applied else MessageState.PARKED
    change = sa.update(psp_message).where(mine)
    await tx.connection.execute(change.values(state=state.value, tried_at=sa.func.now()))
    return state


async def _tried(tx: Tx, provider: str, message_id: str) -> None:
    c = psp_message.c
    mine = sa.update(psp_message).where(c.provider == provider, c.message_id == message_id)
    await tx.connection.execute(mine.values(tried_at=sa.func.now()))


async def _waiting(
    connection: AsyncConnection, limit: int, subject: str | None
) -> list[tuple[str, str]]:
    c = psp_message.c
    query = sa.select(c.provider, c.message_id).where(c.state.in_(["RECEIVED", "PARKED"]))
    if subject is None:
        due = sa.or_(c.state == "RECEIVED", c.tried_at < sa.func.now() - PAUSE)
        query = query.where(due)
    else:
        query = query.where(c.subject == subject)
    query = query.order_by(c.tried_at, c.occurred_at, c.message_id).limit(limit)
    return [(row[0], row[1]) for row in await connection.execute(query)]


async def _drop_old(tx: Tx) -> int:
    c = psp_message.c
    old = sa.and_(c.state == MessageState.PARKED.value, c.received_at < sa.func.now() - WAITS)
    dropped = sa.update(psp_message).where(old).values(state=MessageState.DROPPED.value)
    return (await tx.connection.execute(dropped)).rowcount


def _dumped(news: News) -> dict[str, Any]:
    kind = type(news).__name__
    return {"kind": kind, "body": _KINDS[kind].dump_python(news, mode="json")}


def _loaded(stored: dict[str, Any]) -> News:
    return _KINDS[stored["kind"]].validate_python(stored["body"])
