"""The event log becomes notifications: in the order of the log, without a gap, each thing once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.database import Database
from domain.common.ids import OrderId, new_id
from domain.common.sql import insert_many
from domain.common.transaction import Tx
from domain.notifications.model import (
    Endpoint,
    EndpointId,
    NotificationChannel,
    NotificationState,
    Recipient,
    Told,
    customer_channels,
    tries_of,
)
from domain.notifications.news import told_by
from domain.notifications.repository import (
    all_endpoints,
    news_after,
    noticed_with,
    recipients_of,
)
from domain.notifications.tables import notification, notification_cursor

ACTOR = "SYSTEM:notifications"
PAGE = 500
_COLUMNS = (
    "id",
    "order_id",
    "kind",
    "occasion",
    "channel",
    "endpoint_id",
    "facts",
    "state",
    "attempts",
    "tries_left",
    "created_at",
    "next_try_at",
    "resends",
)


async def tell_news(database: Database, *, pages: int = 20) -> int:
    """How many notifications the events that were logged since the last call have made.

    One worker at a time reads on: each page is one transaction, in which the place in the log moves
    and the notifications are made, so that a worker that dies leaves nothing out and nothing twice.
    """
    made = 0
    for _ in range(pages):
        told = await database.run(_tell_page, actor_key=ACTOR)
        if told is None:
            break
        made += told
    return made


async def _tell_page(tx: Tx) -> int | None:
    """The number of notifications that a page of events made; None when there was none, or another
    worker is at it.

    Locks: the place in the log.
    """
    place = sa.select(notification_cursor.c.seq).with_for_update(skip_locked=True)
    seq = await tx.connection.scalar(place)
    if seq is None:
        return None
    news, read_to = await news_after(tx.connection, seq, PAGE)
    if read_to == seq:
        return None
    await tx.connection.execute(sa.update(notification_cursor).values(seq=read_to))
    if not news:
        return 0
    told = told_by(news, await noticed_with(tx.connection, news))
    return await _store(tx.connection, told, await tx.now())


async def _store(connection: AsyncConnection, told: Sequence[Told], now: datetime) -> int:
    if not told:
        return 0
    recipients = await recipients_of(connection, {each.order_id for each in told})
    endpoints = await all_endpoints(connection)
    rows = [
        _row(each, channel, endpoint_id, now)
        for each in told
        for channel, endpoint_id in targets(each, recipients, endpoints)
    ]
    if not rows:
        return 0
    write = insert_many(notification, _COLUMNS, rows).on_conflict_do_nothing()
    return len((await connection.scalars(write.returning(notification.c.id))).all())


def targets(
    told: Told, recipients: Mapping[OrderId, Recipient], endpoints: Iterable[Endpoint]
) -> list[tuple[NotificationChannel, EndpointId | None]]:
    """On which channels it is told, and to which endpoints. The past of an order that was loaded
    from another system is not told at all.
    """
    recipient = recipients.get(told.order_id)
    if recipient is None or recipient.loaded_at == told.at:
        return []
    to_customer = [(each, None) for each in customer_channels(recipient, told.kind)]
    to_partners = [
        (NotificationChannel.WEBHOOK, each.id)
        for each in endpoints
        if each.wants(told.kind, recipient.sales_channel)
    ]
    return [*to_customer, *to_partners]


def _row(
    told: Told, channel: NotificationChannel, endpoint_id: EndpointId | None, now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "order_id": told.order_id,
        "kind": told.kind.value,
        "occasion": told.occasion,
        "channel": channel.value,
        "endpoint_id": endpoint_id,
        "facts": dict(told.facts),
        "state": NotificationState.WAITING.value,
        "attempts": 0,
        "tries_left": tries_of(channel),
        "created_at": told.at,
        "next_try_at": now,
        "resends": 0,
    }
