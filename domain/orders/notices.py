"""What a customer is told of an order: recorded once per occasion, in the change's transaction.

Sending them (mail, SMS, webhooks) is another area's work; here they cannot be lost or doubled.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.ids import OrderId, new_id
from domain.orders.tables import order_notice


class NoticeKind(StrEnum):
    """What the customer is told."""

    PAYMENT_WINDOW_ENDED = "PAYMENT_WINDOW_ENDED"
    PROMISE_MADE = "PROMISE_MADE"
    PROMISE_CHANGED = "PROMISE_CHANGED"
    DELIVERY_DELAYED = "DELIVERY_DELAYED"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    PARCEL_RETURNED = "PARCEL_RETURNED"
    PICKUP_CHOICE_NEEDED = "PICKUP_CHOICE_NEEDED"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    PICKUP_EXPIRED = "PICKUP_EXPIRED"
    CANCEL_ANSWERED = "CANCEL_ANSWERED"
    UNITS_CANCELLED = "UNITS_CANCELLED"
    ORDER_EDITED = "ORDER_EDITED"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that the customer was told; `detail` is free of personal data."""

    kind: NoticeKind
    occasion: str
    detail: Mapping[str, Any]
    at: datetime


def notice(
    order_id: OrderId, kind: NoticeKind, occasion: str, detail: Mapping[str, Any]
) -> UpdateBase:
    """The write that records a notice, unless there is one of this kind for this occasion (such as
    the id of a tracking event). Pass it to `saving.save`.
    """
    row = {
        "id": new_id(),
        "order_id": order_id,
        "kind": kind.value,
        "occasion": occasion,
        "detail": dict(detail),
        "at": sa.func.now(),
    }
    return insert(order_notice).values(row).on_conflict_do_nothing()


async def notices_of(
    connection: AsyncConnection, keys: Collection[str]
) -> Mapping[OrderId, list[Notice]]:
    """The notices of those orders, oldest first, by order."""
    c = order_notice.c
    query = (
        sa.select(c.order_id, c.kind, c.occasion, c.detail, c.at)
        .where(c.order_id.in_([UUID(key) for key in keys]))
        .order_by(c.order_id, c.at, c.id)
    )
    found: dict[OrderId, list[Notice]] = {}
    for row in (await connection.execute(query)).all():
        told = Notice(NoticeKind(row.kind), row.occasion, row.detail, row.at)
        found.setdefault(OrderId(row.order_id), []).append(told)
    return found
