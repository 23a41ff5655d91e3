"""Reading what is told: each function is one statement."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import ChannelCode, CustomerId, OrderId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.sql import among
from domain.customers.tables import customer
from domain.events.model import Aggregate
from domain.events.tables import event_log, sequencer_state
from domain.identity.model import Actor, Role
from domain.notifications.model import (
    Attempt,
    Endpoint,
    EndpointId,
    Notification,
    NotificationId,
    NotificationState,
    Preferences,
    Recipient,
)
from domain.notifications.news import TYPES, News, Noticed
from domain.notifications.tables import (
    notification,
    notification_attempt,
    notification_preference,
    webhook_endpoint,
)
from domain.orders.notices import NoticeKind
from domain.orders.tables import order_history, order_notice, sales_order
from domain.orders.visibility import visible_to

_NOTIFICATIONS = TypeAdapter(list[Notification])
_ENDPOINTS = TypeAdapter(list[Endpoint])
_PREFERENCES = TypeAdapter(Preferences)
_COLUMNS = [notification.c[field.name] for field in fields(Notification)]
WINDOW = 20_000


async def news_after(
    connection: AsyncConnection, seq: int, limit: int
) -> tuple[Sequence[News], int]:
    """The next events of the log that may be worth telling, and the place up to which the log was
    looked through: no event of those types is between them.
    """
    log = event_log.c
    state = sa.select(sequencer_state.c.last_seq).scalar_subquery()
    page = (
        sa.select(log.seq, log.type, log.version, log.payload, log.at)
        .where(log.seq > seq, log.seq <= seq + WINDOW, log.type.in_(TYPES))
        .order_by(log.seq)
        .limit(limit)
        .subquery()
    )
    query = (
        sa.select(state.label("last_seq"), *page.c)
        .select_from(sa.select(sa.literal(1)).subquery().outerjoin(page, sa.true()))
        .order_by(page.c.seq)
    )
    rows = (await connection.execute(query)).all()
    news = [
        News(row.seq, row.type, row.version, row.payload, row.at)
        for row in rows
        if row.seq is not None
    ]
    if len(news) == limit:
        return news, news[-1].seq
    return news, max(seq, min(seq + WINDOW, rows[0].last_seq))


async def noticed_with(connection: AsyncConnection, news: Sequence[News]) -> list[Noticed]:
    """What was recorded for customers in the transactions of these events."""
    c = order_notice.c
    ids = sorted({each.order_id for each in news})
    times = sorted({each.at for each in news})
    query = sa.select(c.order_id, c.kind, c.occasion, c.detail, c.at).where(
        among(c.order_id, ids), among(c.at, times)
    )
    return [
        Noticed(row.order_id, NoticeKind(row.kind), row.occasion, row.detail, row.at)
        for row in (await connection.execute(query.order_by(c.at, c.id))).all()
    ]


async def recipients_of(
    connection: AsyncConnection, order_ids: Collection[OrderId]
) -> dict[OrderId, Recipient]:
    """Who is told of those orders, and how they want it."""
    preference, log = notification_preference.c, event_log.c
    loaded = (
        sa.select(log.at)
        .where(
            log.aggregate == Aggregate.ORDER.value,
            log.aggregate_id == sales_order.c.id,
            log.version == 1,
            sa.exists().where(
                order_history.c.order_id == sales_order.c.id,
                order_history.c.version == 1,
                order_history.c.detail.has_key("imported"),
            ),
        )
        .scalar_subquery()
    )
    query = (
        sa.select(
            sales_order.c.id,
            sales_order.c.channel,
            loaded.label("loaded_at"),
            customer.c.id.label("customer_id"),
            customer.c.email.is_not(None).label("has_email"),
            customer.c.phone.is_not(None).label("has_phone"),
            preference.channels,
            preference.muted,
        )
        .join(customer, customer.c.id == sales_order.c.customer_id)
        .outerjoin(notification_preference, preference.customer_id == customer.c.id)
        .where(among(sales_order.c.id, list(order_ids)))
    )
    return {
        OrderId(row.id): Recipient(
            OrderId(row.id),
            ChannelCode(row.channel),
            row.loaded_at,
            row.has_email,
            row.has_phone,
            _preferences(row.customer_id, row.channels, row.muted, None),
        )
        for row in (await connection.execute(query)).all()
    }


def _preferences(
    customer_id: UUID,
    channels: Sequence[str] | None,
    muted: Sequence[str] | None,
    updated_at: datetime | None,
) -> Preferences:
    if channels is None:
        return Preferences(CustomerId(customer_id))
    given = {
        "customer_id": customer_id,
        "channels": channels,
        "muted": muted,
        "updated_at": updated_at,
    }
    return _PREFERENCES.validate_python(given)


async def preferences_of(connection: AsyncConnection, customer_id: CustomerId) -> Preferences:
    """How the customer wants to be told; the defaults if they never said."""
    c = notification_preference.c
    query = sa.select(c.channels, c.muted, c.updated_at).where(c.customer_id == customer_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return Preferences(customer_id)
    return _preferences(customer_id, row.channels, row.muted, row.updated_at)


async def all_endpoints(connection: AsyncConnection) -> list[Endpoint]:
    """Every endpoint, oldest first."""
    return await _endpoints(connection, sa.true())


async def endpoint_by_id(
    connection: AsyncConnection, endpoint_id: UUID, *, lock: bool = False
) -> Endpoint | None:
    """The endpoint of that id, if there is one; with `lock` its row is locked FOR NO KEY UPDATE."""
    found = await _endpoints(connection, webhook_endpoint.c.id == endpoint_id, lock=lock)
    return found[0] if found else None


async def _endpoints(
    connection: AsyncConnection, condition: sa.ColumnElement[bool], *, lock: bool = False
) -> list[Endpoint]:
    c = webhook_endpoint.c
    query = sa.select(webhook_endpoint).where(condition).order_by(c.created_at, c.id)
    if lock:
        query = query.with_for_update(key_share=True)
    rows = (await connection.execute(query)).mappings()
    return _ENDPOINTS.validate_python([dict(row) for row in rows])


async def notifications_of(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> dict[OrderId, list[Notification]]:
    """What was told of those orders, oldest first, by order."""
    c = notification.c
    query = sa.select(*_COLUMNS).where(among(c.order_id, list(order_ids)))
    found: dict[OrderId, list[Notification]] = {}
    for each in await _read(connection, query.order_by(c.created_at, c.id)):
        found.setdefault(each.order_id, []).append(each)
    return found


async def notifications_seen_by(
    connection: AsyncConnection, actor: Actor, ids: Collection[UUID]
) -> dict[NotificationId, Notification]:
    """The notifications of those ids that the actor may see; others are absent."""
    query = sa.select(*_COLUMNS).where(among(notification.c.id, list(ids)), *_seen_by(actor))
    return {each.id: each for each in await _read(connection, query)}


async def locked_notification(
    connection: AsyncConnection, actor: Actor, notification_id: UUID
) -> Notification | None:
    """The notification of that id, if the actor may see it, its row locked FOR UPDATE."""
    query = sa.select(*_COLUMNS).where(notification.c.id == notification_id, *_seen_by(actor))
    found = await _read(connection, query.with_for_update(of=notification))
    return found[0] if found else None


def _seen_by(actor: Actor) -> list[sa.ColumnElement[bool]]:
    """The row scope over `notification`: who sees an order sees what was told of it; an integration
    sees what its own endpoints are told.
    """
    order = sa.exists().where(sales_order.c.id == notification.c.order_id, visible_to(actor))
    if actor.role is not Role.CHANNEL:
        return [order]
    endpoint = webhook_endpoint.c
    mine = sa.exists().where(
        endpoint.id == notification.c.endpoint_id,
        sa.func.cardinality(endpoint.channels) > 0,
        endpoint.channels.contained_by(sorted(actor.channel_codes)),
    )
    return [order, mine]


async def notifications_by_id(
    connection: AsyncConnection, ids: Collection[NotificationId]
) -> list[Notification]:
    """The notifications of those ids, oldest first."""
    query = sa.select(*_COLUMNS).where(among(notification.c.id, list(ids)))
    return await _read(connection, query.order_by(notification.c.created_at, notification.c.id))


async def failed_page(
    connection: AsyncConnection, actor: Actor, request: PageRequest
) -> Page[Notification]:
    """The notifications that were given up, of orders that the actor may see, newest first."""
    failed = notification.c.state == sa.literal_column(f"'{NotificationState.FAILED}'")
    return await _page(connection, request, failed, *_seen_by(actor))


async def count_failed(connection: AsyncConnection, actor: Actor) -> int:
    """How many entries the whole list of `failed_page` has."""
    failed = notification.c.state == sa.literal_column(f"'{NotificationState.FAILED}'")
    query = sa.select(sa.func.count()).select_from(notification).where(failed, *_seen_by(actor))
    return await connection.scalar(query) or 0


async def deliveries_page(
    connection: AsyncConnection, endpoint_id: EndpointId, request: PageRequest
) -> Page[Notification]:
    """What an endpoint was told, newest first."""
    return await _page(connection, request, notification.c.endpoint_id == endpoint_id)


async def count_deliveries(connection: AsyncConnection, endpoint_id: EndpointId) -> int:
    """How many entries the whole list of `deliveries_page` has."""
    mine = notification.c.endpoint_id == endpoint_id
    query = sa.select(sa.func.count()).select_from(notification).where(mine)
    return await connection.scalar(query) or 0


async def _page(
    connection: AsyncConnection, request: PageRequest, *conditions: sa.ColumnElement[bool]
) -> Page[Notification]:
    c = notification.c
    query = sa.select(*_COLUMNS).where(*conditions)
    if request.after is not None:
        query = query.where(
            sa.tuple_(c.created_at, c.id) < sa.tuple_(request.after.at, request.after.id)
        )
    query = query.order_by(c.created_at.desc(), c.id.desc()).limit(request.first + 1)
    found = await _read(connection, query)
    return page_of(found, request, lambda each: Keyset(each.created_at, each.id))


async def _read(connection: AsyncConnection, query: sa.Select[Any]) -> list[Notification]:
    rows = (await connection.execute(query)).mappings()
    return _NOTIFICATIONS.validate_python([dict(row) for row in rows])


async def attempts_of(
    connection: AsyncConnection, ids: Collection[UUID]
) -> dict[NotificationId, list[Attempt]]:
    """The tries to send those notifications, oldest first, by notification."""
    c = notification_attempt.c
    query = (
        sa.select(c.notification_id, c.number, c.at, c.outcome, c.reason, c.actor)
        .where(c.notification_id == sa.any_(sa.literal(list(ids), ARRAY(sa.UUID()))))
        .order_by(c.at, c.number)
    )
    found: dict[NotificationId, list[Attempt]] = {}
    for row in (await connection.execute(query)).all():
        attempt = Attempt(row.number, row.at, row.outcome, row.reason, row.actor)
        found.setdefault(NotificationId(row.notification_id), []).append(attempt)
    return found
