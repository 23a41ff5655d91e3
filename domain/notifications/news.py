"""What events of the log are worth telling, and to whom they name it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.carriers.model import TrackingStatus
from domain.common.ids import OrderId
from domain.notifications.model import NotificationKind as K
from domain.notifications.model import Told
from domain.orders.events import ORDER_CHANGED
from domain.orders.notices import NoticeKind
from domain.orders.states import OrderStatus
from domain.returns.events import RETURN_CHANGED
from domain.returns.model import ReturnMethod, ReturnState
from domain.shipments.events import SHIPMENT_CHANGED

TYPES = (ORDER_CHANGED, SHIPMENT_CHANGED, RETURN_CHANGED)
"""Types of events that are looked at."""


@dataclass(frozen=True, slots=True)
class News:
    """An event of the log."""

    seq: int
    type: str
    version: int
    payload: Mapping[str, Any]
    at: datetime

    @property
    def order_id(self) -> OrderId:
        """The order that it is about."""
        return OrderId(UUID(self.payload["order_id"]))


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was recorded for the customer in the transaction of an event."""

    order_id: OrderId
    kind: NoticeKind
    occasion: str
    detail: Mapping[str, Any]
    at: datetime


_BY_ACTION = {
    "PLACE": K.ORDER_PLACED,
    "CONFIRM": K.ORDER_CONFIRMED,
    "CONFIRM_AND_HAND_OVER": K.ORDER_CONFIRMED,
    "PAYMENT_DECLINED": K.PAYMENT_DECLINED,
    "CANCEL": K.ORDER_CANCELLED,
    "COLLECT": K.COLLECTED,
    "REFUND": K.REFUNDED,
    "OWE_REFUND": K.REFUND_OWED,
}
_ONCE = frozenset({K.ORDER_PLACED, K.ORDER_CONFIRMED, K.ORDER_CANCELLED})
"""What happens to an order once at most, however many events say so."""

_OF_PARCELS = {
    NoticeKind.DELIVERY_DELAYED: K.DELIVERY_DELAYED,
    NoticeKind.DELIVERY_FAILED: K.DELIVERY_FAILED,
    NoticeKind.PARCEL_RETURNED: K.PARCEL_RETURNED,
}
_OF_ORDERS = {
    NoticeKind.PAYMENT_WINDOW_ENDED: K.ORDER_EXPIRED,
    NoticeKind.PROMISE_MADE: K.PROMISE_MADE,
    NoticeKind.PROMISE_CHANGED: K.PROMISE_CHANGED,
    NoticeKind.PICKUP_CHOICE_NEEDED: K.PICKUP_CHOICE_NEEDED,
    NoticeKind.READY_FOR_PICKUP: K.READY_FOR_PICKUP,
    NoticeKind.PICKUP_EXPIRED: K.PICKUP_EXPIRED,
    NoticeKind.UNITS_CANCELLED: K.UNITS_CANCELLED,
    NoticeKind.ORDER_EDITED: K.ORDER_EDITED,
}
_OF_RETURNS = {
    ReturnState.REQUESTED: K.RETURN_REQUESTED,
    ReturnState.AUTHORISED: K.RETURN_AUTHORISED,
    ReturnState.REJECTED: K.RETURN_REJECTED,
    ReturnState.RECEIVED: K.RETURN_RECEIVED,
    ReturnState.COMPLETED: K.RETURN_REFUNDED,
}
_SAID = ("promisedAt", "previously", "collectUntil", "units", "added", "given_up")
"""Names in the detail of a notice that are told."""


def told_by(news: Sequence[News], noticed: Iterable[Noticed]) -> list[Told]:
    """What is to be told of these events, in their order. What was noticed in a transaction goes
    with the last event of its kind and order there. The same thing may be in it several times.
    """
    found = {(each.type, each.order_id, each.at): each for each in news}
    with_notices: dict[int, list[Noticed]] = {}
    for each in noticed:
        kind = SHIPMENT_CHANGED if each.kind in _OF_PARCELS else ORDER_CHANGED
        last = found.get((kind, each.order_id, each.at))
        if last is not None:
            with_notices.setdefault(last.seq, []).append(each)
    told: list[Told] = []
    for each in news:
        told += _TELLING[each.type](each, with_notices.get(each.seq, []))
    return told


def _of_order(news: News, noticed: Sequence[Noticed]) -> list[Told]:
    payload = news.payload
    facts = {
        "orderVersion": news.version,
        "status": payload["status"],
        "fulfillmentStatus": payload["fulfillment_status"],
        "paymentStatus": payload["payment_status"],
    }
    told: list[Told] = []
    if (kind := _BY_ACTION.get(payload["action"])) is not None:
        told.append(Told(news.order_id, kind, _occasion(kind, f"v{news.version}"), facts, news.at))
    for each in noticed:
        kind = _kind_of(each, payload["status"])
        if kind is not None:
            said = {name: each.detail[name] for name in _SAID if name in each.detail}
            occasion = _occasion(kind, each.occasion)
            told.append(Told(news.order_id, kind, occasion, facts | said, news.at))
    return told


def _kind_of(noticed: Noticed, status: str) -> K | None:
    if noticed.kind is NoticeKind.CANCEL_ANSWERED:
        kind = K.UNITS_CANCELLED if noticed.detail.get("accepted") else K.CANCEL_REFUSED
    elif noticed.kind is NoticeKind.PROMISE_CHANGED and "promisedAt" not in noticed.detail:
        return None  # other places serve it, and the date is as it was
    else:
        kind = _OF_ORDERS.get(noticed.kind)
    if kind is K.UNITS_CANCELLED and status == OrderStatus.CANCELLED:
        return K.ORDER_CANCELLED
    return kind


def _occasion(kind: K, occasion: str) -> str:
    return "once" if kind in _ONCE else occasion


def _of_shipment(news: News, noticed: Sequence[Noticed]) -> list[Told]:
    payload = news.payload
    order_id, parcels = news.order_id, payload["parcels"]
    facts = {
        "shipmentId": payload["shipment_id"],
        "shipmentVersion": news.version,
        "carrier": payload["carrier"],
    }
    told: list[Told] = []
    if news.version == 1:
        numbers = [parcel["tracking_number"] for parcel in parcels]
        occasion = str(payload["shipment_id"])
        told.append(
            Told(order_id, K.SHIPPED, occasion, {**facts, "trackingNumbers": numbers}, news.at)
        )
    for parcel in parcels:
        if parcel["status"] == TrackingStatus.DELIVERED:
            number = parcel["tracking_number"]
            told.append(
                Told(order_id, K.DELIVERED, number, {**facts, "trackingNumbers": [number]}, news.at)
            )
    for each in noticed:
        number, expected = each.detail.get("trackingNumber"), each.detail.get("expectedAt")
        said = {**facts, "trackingNumbers": [number], "expectedAt": expected}
        kind, occasion = _OF_PARCELS[each.kind], each.occasion
        if kind is K.DELIVERY_DELAYED and expected:
            occasion = f"{number} {expected}"  # a new date is news, hearing of it again is not
        told.append(Told(order_id, kind, occasion, said, news.at))
    return told


def _of_return(news: News, noticed: Sequence[Noticed]) -> list[Told]:
    del noticed
    kind = _OF_RETURNS.get(news.payload["state"])
    # Of a parcel that could not be delivered the customer hears as of a parcel.
    if kind is None or news.payload["method"] == ReturnMethod.UNDELIVERED:
        return []
    key = str(news.payload["return_id"])
    return [
        Told(news.order_id, kind, key, {"returnId": key, "returnVersion": news.version}, news.at)
    ]


_TELLING = {
    ORDER_CHANGED: _of_order,
    SHIPMENT_CHANGED: _of_shipment,
    RETURN_CHANGED: _of_return,
}
