"""The same commands, one after the other and in one batch: the same orders, stock and events."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import ChannelCode, CustomerId, Sku
from domain.common.money import Money
from domain.common.transaction import Tx
from domain.customers.model import GivenCustomer
from domain.customers.tables import customer, customer_channel
from domain.identity.model import Actor
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PlaceOrder
from domain.orders.states import DeliveryMode, UnfilledPolicy
from domain.payments.model import Tender
from domain.stock.allocation import reserve
from domain.stock.model import Demand
from domain.stock.tables import reservation, stock_level
from tests.support import stock
from tests.support.engines import engine_of, place_all
from tests.support.likeness import likeness, refusal
from tests.support.servers import Cleaner
from tests.support.shop import (
    ADMIN,
    AGENT,
    MILAN,
    ROME,
    ROME_TILL,
    WEB_SHOP,
    Shop,
    open_shop,
    order,
)
from tests.support.shop import customer as buyer

Wanted = tuple[Actor, PlaceOrder]
KNOWN = CustomerId(UUID("0191c000-0000-7000-8000-000000000001"))
STRANGER = CustomerId(UUID("0191c000-0000-7000-8000-000000000002"))
PLENTY = {"HAT": {"ROME": 25, "MILAN": 30, "MADRID": 4}, "SCARF": {"ROME": 6, "MILAN": 14}}
SCARCE = {"HAT": {"ROME": 12, "MILAN": 9, "MADRID": 2}, "SCARF": {"ROME": 3, "MILAN": 14}}
EXTERNAL = GivenPayment(Tender.EXTERNAL)
CASH = GivenPayment(Tender.CASH)
PICKUP = Delivery(DeliveryMode.PICKUP, location_id=ROME)
TAKEN = Delivery(DeliveryMode.TAKE_AWAY, location_id=ROME)


def mail(name: str, **more: Any) -> GivenCustomer:
    return GivenCustomer(email=f"{name}@example.com", **more)


def at_till(key: str, **changes: Any) -> Wanted:
    given: dict[str, Any] = {
        "channel": ChannelCode("POS"),
        "delivery": TAKEN,
        "payment": CASH,
    } | changes
    return ROME_TILL, order(key, customer=GivenCustomer(), **given)


def of_all_kinds() -> list[Wanted]:
    """One of each way to place an order that works, and of each way to be refused."""
    web = [
        order("ship"),
        order("two-lines", lines={"HAT": 2, "SCARF": 1}, near="MILAN"),
        order("kit", lines={"SET": 2}),
        order("split", lines={"HAT": 11}, near="MADRID"),
        order("pickup", delivery=PICKUP, payment=EXTERNAL),
        order("to-store", delivery=Delivery(DeliveryMode.SHIP_TO_STORE, location_id=ROME)),
        order("new-1", customer=mail("new", first_name="New", phone="+39 06 1234 5678")),
        order("new-2", customer=mail("new")),
        order("by-phone", customer=GivenCustomer(phone="+390612345678")),
        order("named", customer=mail("ref", source="WEB", reference="r-1")),
        order("named-again", customer=GivenCustomer(source="WEB", reference="r-1")),
        order("anonymous", customer=GivenCustomer(), payment=EXTERNAL),
        order("by-id", customer=GivenCustomer(id=KNOWN)),
        order("unseen", customer=GivenCustomer(id=STRANGER)),
        order("own-price", lines={}, payment=EXTERNAL),
        order("wrong-currency", shipping=Money(500, "USD")),
        order("shipping", shipping=Money(500, "EUR"), source_code="spring"),
        order("external", external_reference="E-1"),
        order("external-twice", external_reference="E-1"),
        order("declined", token="tok_decline"),
        order("silent", token="tok_timeout"),
        order("unknown", lines={"NOPE": 1}),
        order("no-price", currency="JPY"),
        order("no-tax", customer=mail("x")),
        order("bad-mail", customer=GivenCustomer(email="not an address")),
        order("no-store", delivery=Delivery(DeliveryMode.PICKUP, location_id=stock.place("OSLO"))),
    ]
    scarce = [
        order("too-many", lines={"SCARF": 40}),
        order("backorder", lines={"SCARF": 40}, unfilled_policy=UnfilledPolicy.BACKORDER_REST),
        order("nothing-left", lines={"SCARF": 1}),
        order("cancel-rest", lines={"HAT": 90}, unfilled_policy=UnfilledPolicy.CANCEL_REST),
        order("cancel-all", lines={"HAT": 90}, unfilled_policy=UnfilledPolicy.CANCEL_REST),
    ]
    priced = (OrderedLine(Sku("HAT"), 1, Money(1500, "EUR")),)
    priced_web = [replace(o, lines=priced) if o.idempotency_key == "own-price" else o for o in web]
    abroad = [
        replace(o, delivery=_to(o, "FR")) if o.idempotency_key == "no-tax" else o
        for o in priced_web
    ]
    return [
        *[(WEB_SHOP, each) for each in abroad],
        at_till("till"),
        at_till("till-card", payment=GivenPayment(Tender.CARD, "tok_approve")),
        (ADMIN, order("ship")),  # the same key of another actor is another key
        (AGENT, order("agent", customer=mail("new"))),
        (buyer(KNOWN), order("mine", customer=GivenCustomer())),
        *[(WEB_SHOP, each) for each in scarce],
        at_till("till-late", lines={"SCARF": 5}),
    ]


def _to(wish: PlaceOrder, country: str) -> Delivery:
    assert wish.delivery.address is not None
    return Delivery(DeliveryMode.SHIP, address=replace(wish.delivery.address, country=country))


async def fresh_shop(
    engine: AsyncEngine, cleaner: Cleaner, units: Mapping[str, Mapping[str, int]]
) -> Shop:
    """The shop as it always is: with known customers and a cart that has expired."""
    await cleaner.clean()
    shop = await open_shop(engine, units)
    async with engine.begin() as connection:
        for name, key in (("known", KNOWN), ("stranger", STRANGER)):
            await connection.execute(
                sa.insert(customer).values(
                    id=key, email=f"{name}@example.com", language="it", first_channel="POS",
                    created_at=sa.func.now(), version=1,
                )
            )  # fmt: skip
        link = {"customer_id": KNOWN, "channel": "WEB"}
        await connection.execute(sa.insert(customer_channel).values(link))

    async def fill_cart(tx: Tx) -> None:
        demands = [Demand(Sku("HAT"), ROME, 4), Demand(Sku("SCARF"), MILAN, 2)]
        await reserve(tx, demands, owner="cart:x", ttl=timedelta(minutes=5))

    await shop.database.run(fill_cart, actor_key="TEST")
    async with engine.begin() as connection:
        past = sa.func.now() - timedelta(minutes=1)
        await connection.execute(sa.update(reservation).values(expires_at=past))
        await connection.execute(
            sa.update(stock_level).where(stock_level.c.sku == "SCARF").values(safety=1)
        )
    return shop


async def both_ways(
    engine: AsyncEngine,
    cleaner: Cleaner,
    units: Mapping[str, Mapping[str, int]],
    commands: list[Wanted],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the commands leave behind: singly, and through the engine at once."""
    shop = await fresh_shop(engine, cleaner, units)
    singly = await place_all(shop, commands, None)
    alone = await likeness(shop)
    alone["answers"] = _answers(commands, singly)
    assert await shop.broken_rules() == []

    shop = await fresh_shop(engine, cleaner, units)
    async with engine_of(shop) as orders:
        at_once = await place_all(shop, commands, orders)
        assert orders.acceptances.counts.failed == orders.settlements.counts.failed == 0
        assert orders.acceptances.counts.batches >= 1
        assert orders.acceptances.counts.single == 0
    batched = await likeness(shop)
    batched["answers"] = _answers(commands, at_once)
    assert await shop.broken_rules() == []
    return alone, batched


def _answers(commands: list[Wanted], answers: list[Any]) -> dict[str, Any]:
    return {
        f"{actor.key}/{command.idempotency_key}": refusal(answer)
        for (actor, command), answer in zip(commands, answers, strict=True)
    }


async def test_every_kind_of_order_is_decided_alike(
    engine: AsyncEngine, clean_database: str, cleaner: Cleaner
) -> None:
    alone, batched = await both_ways(engine, cleaner, PLENTY, of_all_kinds())
    for part, found in alone.items():
        assert batched[part] == found, part
    outcomes = {name: answer[0] for name, answer in alone["answers"].items()}
    assert len(set(outcomes.values())) >= 9, outcomes  # the kinds are as different as meant


@pytest.mark.parametrize("seed", range(8))
async def test_random_orders_for_scarce_stock_are_decided_alike(
    engine: AsyncEngine, clean_database: str, cleaner: Cleaner, seed: int
) -> None:
    alone, batched = await both_ways(engine, cleaner, SCARCE, _random_orders(random.Random(seed)))
    for part, found in alone.items():
        assert batched[part] == found, part


def _random_orders(chance: random.Random) -> list[Wanted]:
    wishes: list[Wanted] = []
    for number in range(chance.randint(10, 40)):
        skus = chance.sample(["HAT", "SCARF", "SET"], chance.randint(1, 3))
        lines = {sku: chance.choice([1, 1, 2, 3, 7]) for sku in skus}
        if chance.random() < 0.2:
            wishes.append(at_till(f"t{number}", lines=lines))
            continue
        wish = order(
            f"o{number}",
            lines=lines,
            near=chance.choice(["ROME", "MILAN", "MADRID"]),
            customer=mail(f"c{chance.randint(1, 6)}"),
            payment=EXTERNAL,
            unfilled_policy=chance.choice(list(UnfilledPolicy)),
        )
        if chance.random() < 0.2:
            wish = replace(wish, delivery=PICKUP)
        wishes.append((WEB_SHOP, wish))
    return wishes
