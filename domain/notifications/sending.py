"""Notifications are sent: claimed, sent under no lock, and what came of it is recorded.

A try is claimed by putting the next one off: a worker that dies in between is followed by another
one after the lease. So a message is sent at least once, always under the same key, by which the
receiver knows it again.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.database import Database
from domain.common.ids import LocationId, OrderId, ReturnId, ShipmentId
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.customers.tables import customer
from domain.locations.model import Location
from domain.locations.repository import all_locations_by_id
from domain.notifications.endpoints import disabled_by_receiver
from domain.notifications.model import (
    Endpoint,
    EndpointId,
    Notification,
    NotificationChannel,
    NotificationId,
    NotificationState,
    masked_email,
    masked_phone,
    tries_of,
    wait_before,
)
from domain.notifications.port import Hook, Mail, Outcome, Senders, Sending, Sms
from domain.notifications.rendering import Scene, Shop, rendered
from domain.notifications.repository import all_endpoints, notifications_by_id
from domain.notifications.tables import notification, notification_attempt
from domain.orders.model import Order
from domain.orders.repository import orders_by_id
from domain.returns.repository import returns_by_id
from domain.shipments.repository import shipments_by_id

ACTOR = "SYSTEM:notifications"
LEASE = timedelta(minutes=5)
LONGEST_TRY = timedelta(minutes=1)

NO_ADDRESS = "no address"
NOT_SET_UP = "channel not set up"
ENDPOINT_OFF = "endpoint disabled"
NO_ANSWER = "no try came to an end"
TOO_SLOW = "no answer in time"


@dataclass(frozen=True, slots=True)
class Desk:
    """Who sends: the ways out, and whose name is under the messages."""

    database: Database
    senders: Senders
    shop: Shop


@dataclass(frozen=True, slots=True)
class _Known:
    """What the messages of a batch are made of."""

    orders: Mapping[OrderId, Order]
    contacts: Mapping[OrderId, "_Contact"]
    places: Mapping[LocationId, Location]
    origins: Mapping[ShipmentId, LocationId]
    codes: Mapping[ReturnId, str | None]
    endpoints: Mapping[EndpointId, Endpoint]
    now: datetime


@dataclass(frozen=True, slots=True)
class _Contact:
    email: str | None
    phone: str | None
    first_name: str


@dataclass(frozen=True, slots=True)
class _Skipped:
    reason: str


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of a try, and where it went, unrecognisable."""

    came: Sending | _Skipped
    masked: str | None = None


async def send_due(desk: Desk, *, limit: int = 10, batches: int = 100) -> int:
    """How many notifications were tried that are due by the database's time, in so many batches at
    most: those of an order one after the other, others at the same time.

    Each is claimed, and its answer recorded, in transactions of their own; no lock is held while
    others are asked.
    """
    tried = 0
    for _ in range(batches):
        claimed = await desk.database.run(lambda tx: _claim(tx, limit), actor_key=ACTOR)
        if not claimed:
            break
        await _send(desk, claimed)
        tried += len(claimed)
    return tried


async def _send(desk: Desk, claimed: Sequence[Notification]) -> None:
    known = await desk.database.read_primary(lambda connection: _known(connection, claimed))
    by_order: dict[OrderId, list[Notification]] = {}
    for each in claimed:
        by_order.setdefault(each.order_id, []).append(each)
    tried = await asyncio.gather(
        *[_in_order(desk, told, known) for told in by_order.values()], return_exceptions=True
    )
    for defect in tried:
        if defect is not None:
            raise defect


async def _in_order(desk: Desk, told: Sequence[Notification], known: _Known) -> None:
    """What is told of one order, one after the other, as long as the claims are good."""
    loop = asyncio.get_running_loop()
    end = loop.time() + (LEASE - 2 * LONGEST_TRY).total_seconds()
    for each in told:
        if loop.time() < end:
            await _try(desk, each, known)


async def _claim(tx: Tx, limit: int) -> list[Notification]:
    c = notification.c
    due = (
        sa.select(c.id)
        .where(c.next_try_at <= sa.func.now())
        .order_by(c.next_try_at, c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        sa.update(notification)
        .where(c.id == due.c.id)
        .values(
            attempts=c.attempts + 1,
            tries_left=c.tries_left - 1,
            next_try_at=sa.func.now() + LEASE,
        )
        .returning(c.id)
    )
    ids = [NotificationId(each) for each in (await tx.connection.scalars(taken)).all()]
    return await notifications_by_id(tx.connection, ids) if ids else []


async def _known(connection: AsyncConnection, claimed: Sequence[Notification]) -> _Known:
    order_ids = {each.order_id for each in claimed}
    orders = await orders_by_id(connection, order_ids)
    wanted = sa.select(
        customer.c.id, customer.c.email, customer.c.phone, customer.c.first_name, sa.func.now()
    ).where(customer.c.id.in_({order.customer_id for order in orders.values()}))
    rows = (await connection.execute(wanted)).all()
    contacts = {row.id: _Contact(row.email, row.phone, row.first_name) for row in rows}
    sent = {UUID(each.facts["shipmentId"]) for each in claimed if "shipmentId" in each.facts}
    shipments = await shipments_by_id(connection, sent) if sent else {}
    given = {ReturnId(UUID(each.facts["returnId"])) for each in claimed if "returnId" in each.facts}
    returns = await returns_by_id(connection, given) if given else {}
    origins = {each.id: each.location_id for each in shipments.values()}
    places = {order.delivery_location_id for order in orders.values()} | set(origins.values())
    hooks = any(each.channel is NotificationChannel.WEBHOOK for each in claimed)
    return _Known(
        orders,
        {order.id: contacts[order.customer_id] for order in orders.values()},
        await all_locations_by_id(connection, [place for place in places if place]),
        origins,
        {key: each.code for key, each in returns.items()},
        {each.id: each for each in await all_endpoints(connection)} if hooks else {},
        rows[0][4],
    )


async def _try(desk: Desk, told: Notification, known: _Known) -> None:
    try:
        async with asyncio.timeout(LONGEST_TRY.total_seconds()):
            done = await _sent(desk, told, known)
    except TimeoutError:
        done = _Done(Sending(Outcome.TRY_AGAIN, TOO_SLOW))
    await desk.database.run(lambda tx: _record(tx, told, done), actor_key=ACTOR)


async def _sent(desk: Desk, told: Notification, known: _Known) -> _Done:
    order, contact = known.orders[told.order_id], known.contacts[told.order_id]
    if told.tries_left < 0:  # whoever tried it last did not come back, again and again
        return _Done(Sending(Outcome.REFUSED, NO_ANSWER))
    if told.channel is NotificationChannel.WEBHOOK:
        return await _called(desk, told, order, known)
    if told.channel is NotificationChannel.EMAIL:
        if not contact.email:
            return _Done(_Skipped(NO_ADDRESS))
        masked = masked_email(contact.email)
        if desk.senders.mailer is None:
            return _Done(_Skipped(NOT_SET_UP), masked)
        said = rendered(told.kind, _scene(desk, told, order, contact, known))
        mail = Mail(told.id, contact.email, said.language, said.subject, said.text, said.html)
        return _Done(await desk.senders.mailer.send_mail(mail), masked)
    if not contact.phone:
        return _Done(_Skipped(NO_ADDRESS))
    masked = masked_phone(contact.phone)
    if desk.senders.texter is None:
        return _Done(_Skipped(NOT_SET_UP), masked)
    said = rendered(told.kind, _scene(desk, told, order, contact, known))
    text = Sms(told.id, contact.phone, said.sms)
    return _Done(await desk.senders.texter.send_sms(text), masked)


def _scene(desk: Desk, told: Notification, order: Order, contact: _Contact, known: _Known) -> Scene:
    place = order.delivery_location_id
    if "shipmentId" in told.facts:
        place = known.origins.get(ShipmentId(UUID(told.facts["shipmentId"])), place)
    found = known.places.get(place) if place else None
    code = None
    if "returnId" in told.facts:
        code = known.codes.get(ReturnId(UUID(told.facts["returnId"])))
    return Scene(order, told.facts, contact.first_name, found, desk.shop, code or "")


async def _called(desk: Desk, told: Notification, order: Order, known: _Known) -> _Done:
    assert told.endpoint_id is not None  # the channel says so, and the table checks it
    endpoint = known.endpoints[told.endpoint_id]
    if desk.senders.hooker is None:
        return _Done(_Skipped(NOT_SET_UP))
    if not endpoint.enabled:
        return _Done(_Skipped(ENDPOINT_OFF))
    hook = Hook(
        told.id, told.kind, told.created_at, order.id, order.number, order.channel, told.facts
    )
    return _Done(await desk.senders.hooker.call(endpoint, hook, known.now))


async def _record(tx: Tx, told: Notification, done: _Done) -> None:
    """The answer is kept, unless another try has begun meanwhile.

    Locks: the endpoint that is gone, if one is; the notification.
    """
    came = done.came
    if isinstance(came, Sending) and came.outcome is Outcome.GONE and told.endpoint_id:
        await disabled_by_receiver(tx, told.endpoint_id)
    now = await tx.now()
    values = _values(told, came, now)
    c = notification.c
    mine = sa.and_(
        c.id == told.id,
        c.state == NotificationState.WAITING.value,
        c.attempts == told.attempts,
    )
    change = sa.update(notification).where(mine).values(**values, masked=done.masked)
    outcome = came.outcome.value if isinstance(came, Sending) else values["state"]
    await tx.connection.execute(together(change, _attempt(told, now, outcome, came.reason)))


def _attempt(told: Notification, now: datetime, outcome: str, reason: str | None) -> UpdateBase:
    return sa.insert(notification_attempt).values(
        notification_id=told.id, number=told.attempts, at=now, outcome=outcome, reason=reason
    )


def _values(told: Notification, came: Sending | _Skipped, now: datetime) -> dict[str, Any]:
    """What the notification is after a try."""
    if isinstance(came, _Skipped):
        return _ended(NotificationState.SKIPPED, came.reason)
    if came.outcome is Outcome.SENT:
        return {**_ended(NotificationState.SENT, None), "sent_at": now, "reference": came.reference}
    if came.outcome is not Outcome.TRY_AGAIN or told.tries_left < 1:
        return _ended(NotificationState.FAILED, came.reason)
    failed = tries_of(told.channel) - told.tries_left
    wait = wait_before(told.channel, failed, random.random(), came.wait)
    return {
        "state": NotificationState.WAITING.value,
        "next_try_at": now + wait,
        "reason": came.reason,
    }


def _ended(state: NotificationState, reason: str | None) -> dict[str, Any]:
    return {"state": state.value, "next_try_at": None, "reason": reason}
