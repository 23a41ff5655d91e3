"""All that placing leaves behind, without what chance and the clock put into it."""

import re
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from domain.common.tables import idempotency_key
from domain.customers.tables import customer, customer_channel, customer_reference
from domain.orders.repository import orders_by_id
from domain.orders.tables import order_history, sales_order
from domain.stock.tables import reservation, stock_level, stock_movement
from tests.support import stock
from tests.support.shop import PLACES, Shop

_CHANCE = re.compile(
    r"(^|_)id$|_at$|^at$|_until$|^number$|^order_number$|token$|psp_key|psp_reference|^updated"
)
_PLACES = {str(stock.place(code)): code for code in PLACES}


def scrubbed(value: Any, name: str = "") -> Any:
    """The value without ids, numbers, tokens and times; places by their code."""
    if isinstance(value, dict):
        return {k: scrubbed(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        parts = [scrubbed(each) for each in value]
        return parts if name == "row" else sorted(parts, key=repr)
    if str(value) in _PLACES:
        return _PLACES[str(value)]
    if value is not None and (_CHANCE.search(name) or isinstance(value, UUID)):
        return "?"
    return value


def refusal(answer: object) -> Any:
    """What a caller sees: how it ended, or the refusal with its facts."""
    if isinstance(answer, BaseException):
        facts = {k: scrubbed(v, k) for k, v in vars(answer).items() if k != "message"}
        return type(answer).__name__, sorted(facts.items())
    return getattr(answer, "outcome", answer), getattr(answer, "reason", None)


async def likeness(shop: Shop) -> dict[str, Any]:
    """Orders with history and events by the key they were asked under, levels, reservations,
    ledger and customers. A level's version and the number of its events are left out: several
    orders of one commit are one step of it.
    """
    names = await _names(shop)
    return {
        "orders": await _orders(shop, names),
        "keys": await _keys(shop),
        "history": await _history(shop, names),
        "levels": await _levels(shop),
        "reservations": await _reservations(shop, names),
        "movements": await _movements(shop, names),
        "events": await _order_events(shop, names),
        "stock events": await _last_stock_events(shop),
        "customers": await _customers(shop),
        "customer events": await _customer_events(shop),
    }


async def _names(shop: Shop) -> dict[str, str]:
    """The idempotency key of an order, by its id and number."""
    c, o = idempotency_key.c, sales_order.c
    placed = sa.select(c.actor, c.key, o.id, o.number).join(sales_order, o.id == c.subject_id)
    rows = await shop.rows(placed.where(c.operation == "placeOrder"))
    return {name: f"{r.actor}/{r.key}" for r in rows for name in (str(r.id), r.number)}


async def _orders(shop: Shop, names: dict[str, str]) -> dict[str, Any]:
    ids = [UUID(name) for name in names if len(name) == 36]
    async with shop.database.reads.connect() as connection:
        found = await orders_by_id(connection, ids)
    emails = {r.id: r.email for r in await shop.rows(sa.select(customer.c.id, customer.c.email))}
    return {
        names[str(order.id)]: scrubbed(asdict(order)) | {"buyer": emails[order.customer_id]}
        for order in found.values()
    }


async def _keys(shop: Shop) -> list[Any]:
    c = idempotency_key.c
    rows = await shop.rows(sa.select(c.actor, c.key, c.operation, c.input_hash, c.result))
    return sorted(
        repr((*r[:4], scrubbed(r.result)) if r.operation == "placeOrder" else r.operation)
        for r in rows
    )


async def _history(shop: Shop, names: dict[str, str]) -> list[Any]:
    h = order_history.c
    rows = await shop.rows(sa.select(h.order_id, h.version, h.action, h.actor, h.reason, h.detail))
    return sorted(repr((names[str(r.order_id)], *r[1:])) for r in rows)


async def _levels(shop: Shop) -> list[Any]:
    c = stock_level.c
    counters = [c.sku, c.location_id, c.on_hand, c.allocated, c.reserved, c.damaged, c.safety]
    return sorted(repr(scrubbed(list(r), "row")) for r in await shop.rows(sa.select(*counters)))


async def _reservations(shop: Shop, names: dict[str, str]) -> list[Any]:
    c = reservation.c
    rows = await shop.rows(
        sa.select(c.owner, c.sku, c.location_id, c.quantity, c.state, c.ended_at.is_(None))
    )
    return sorted(repr((_named(r.owner, names), scrubbed(list(r[1:]), "row"))) for r in rows)


async def _movements(shop: Shop, names: dict[str, str]) -> list[Any]:
    c = stock_movement.c
    columns = (
        c.reference, c.actor, c.sku, c.location_id, c.from_bucket, c.to_bucket, c.quantity,
        c.reason,
    )  # fmt: skip
    rows = await shop.rows(sa.select(*columns))
    return sorted(repr((_named(r.reference, names), scrubbed(list(r[1:]), "row"))) for r in rows)


def _named(text: str, names: dict[str, str]) -> str:
    kind, _, key = text.rpartition(":")
    return f"{kind}:{names.get(key, key)}"


async def _events_of(shop: Shop, *aggregates: str) -> list[dict[str, Any]]:
    events = await stock.events(shop.database.writes)
    return [event for event in events if event["aggregate"] in aggregates]


async def _order_events(shop: Shop, names: dict[str, str]) -> dict[str, list[Any]]:
    """Of each order in commit order, with who did it."""
    found: dict[str, list[Any]] = {}
    for event in await _events_of(shop, "order", "fulfillment_order"):
        order_id = event["payload"]["order_id"]
        topics = sorted(topic.partition(":")[0] for topic in event["topics"])
        facts = (event["type"], event["version"], event["actor"], event["correlation_id"], topics)
        found.setdefault(names[order_id], []).append((*facts, scrubbed(event["payload"])))
    return found


async def _last_stock_events(shop: Shop) -> dict[str, Any]:
    last = {e["aggregate_id"]: e for e in await _events_of(shop, "stock_level")}
    seen = [scrubbed({**e["payload"], "version": None}) for e in last.values()]
    return {f"{each['sku']}@{each['location_id']}": each for each in seen}


async def _customers(shop: Shop) -> list[Any]:
    people = await shop.rows(sa.select(customer))
    channels = await shop.rows(sa.select(customer_channel))
    references = await shop.rows(sa.select(customer_reference))
    return sorted(
        repr(
            (
                scrubbed(dict(each._mapping)),
                sorted(link.channel for link in channels if link.customer_id == each.id),
                sorted((r.source, r.reference) for r in references if r.customer_id == each.id),
            )
        )
        for each in people
    )


async def _customer_events(shop: Shop) -> list[Any]:
    events = await _events_of(shop, "customer")
    return sorted(repr((e["type"], e["version"], scrubbed(e["payload"]))) for e in events)
