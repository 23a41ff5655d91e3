"""The whole API on stage: a shop with everybody who works in it, driven through GraphQL only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from app.duties import duties_of
from domain.all_tables import metadata
from domain.identity.model import Actor
from domain.orders.invoicing import issue_due
from schema.context import Services
from tests.support import stock
from tests.support.graphql import Api, remembering_schema
from tests.support.shop import ADMIN, PLACES, WEB_SHOP, Shop, open_shop

ORDER = """id number status holds version fulfillmentStatus paymentStatus
  lines { id sku orderedQuantity groups { state quantity locationId } }
  fulfillmentOrders { id status version locationId }
  payments { state captured { amount } }"""
ERROR = "... on Error { __typename code message }"
TO_PACKED = ("startPicking", "confirmPick", "packFulfillmentOrder")
"""What is done at a location from released work to packed goods."""
NOBODY = "0192f0c4-0000-7000-8000-00000000dead"
"""The id of nothing."""


def gid(kind: str, key: object) -> str:
    """A global id."""
    return str(relay.GlobalID(kind, str(key)))


def location_id(code: str) -> str:
    """The global id of a location of the shop, such as ROME."""
    return gid("Location", stock.place(code))


@dataclass
class Stage:
    """The API over a shop, with the steps that most scenarios take."""

    engine: AsyncEngine
    shop: Shop
    services: Services
    api: Api
    level_fields: str = field(default="sku onHand allocated reserved available safety version")

    async def do(
        self, actor: Actor | None, name: str, kind: str, selection: str, /, **given: Any
    ) -> dict[str, Any]:
        """The answer of a mutation with an `input` of that kind: payload or error.

        `selection` is what to select of its payload, spread on the type named `…Payload` within it.
        An idempotency key is made unless given.
        """
        document = f"""mutation($input: {kind}!) {{ {name}(input: $input) {{
          __typename {selection} {ERROR} }} }}"""
        given.setdefault("idempotencyKey", uuid4().hex)
        return await self.api.do(actor, document, input=given)

    async def place(self, actor: Actor = WEB_SHOP, **changes: Any) -> dict[str, Any]:
        """What placeOrder answers: `order` of a payload, or an error (see `wish`)."""
        selection = f"... on PlaceOrderPayload {{ order {{ {ORDER} }} }}"
        return await self.do(actor, "placeOrder", "PlaceOrderInput", selection, **wish(**changes))

    async def placed(self, actor: Actor = WEB_SHOP, **changes: Any) -> dict[str, Any]:
        """The order of a placing that works."""
        answer = await self.place(actor, **changes)
        assert answer["__typename"] == "PlaceOrderPayload", answer
        return answer["order"]

    async def released(self, **changes: Any) -> Any:
        """A released order (see `wish`)."""
        order = await self.placed(**changes)
        return await self.change("releaseOrder", order["id"])

    async def change(self, name: str, order_id: str, actor: Actor = ADMIN, **given: Any) -> Any:
        """The order after a mutation with ChangeOrderInput that works."""
        selection = f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}"
        answer = await self.do(
            actor, name, "ChangeOrderInput", selection, orderId=order_id, **given
        )
        assert answer["__typename"] == "ChangeOrderPayload", answer
        return answer["order"]

    async def work(self, name: str, work_id: str, actor: Actor = ADMIN, **given: Any) -> Any:
        """The order after a mutation with FulfillmentOrderInput that works."""
        selection = f"... on FulfillmentOrderPayload {{ order {{ {ORDER} }} }}"
        answer = await self.do(
            actor, name, "FulfillmentOrderInput", selection, fulfillmentOrderId=work_id, **given
        )
        assert answer["__typename"] == "FulfillmentOrderPayload", answer
        return answer["order"]

    async def order(self, order_id: str, selection: str = ORDER, actor: Actor = ADMIN) -> Any:
        """The order as it is now."""
        document = f"query($id: ID!) {{ order(id: $id) {{ {selection} }} }}"
        return await self.api.do(actor, document, id=order_id)

    async def tick(self) -> int:
        """The number of things that all duties of the scheduler did in one sweep, apart from the
        invoices and credit notes that were due: they are issued first.
        """
        await issue_due(self.services.database)
        return sum([await duty.run() for duty in duties_of(self.services)])

    async def make_due(self, table: str, column: str, **where: Any) -> None:
        """The time in `column` of those rows of `table` is over: time has passed for them."""
        given = metadata.tables[table]
        conditions = [given.c[name] == value for name, value in where.items()]
        past = sa.func.now() - sa.text("interval '1 second'")
        change = sa.update(given).where(given.c[column].is_not(None), *conditions)
        async with self.engine.begin() as connection:
            await connection.execute(change.values({column: past}))

    async def weigh(self, sku: str, weight_g: int) -> None:
        """The catalogue knows what a unit weighs."""
        variant = metadata.tables["variant"]
        async with self.engine.begin() as connection:
            await connection.execute(
                sa.update(variant).where(variant.c.sku == sku).values(weight_g=weight_g)
            )

    async def level(self, sku: str, code: str = "ROME") -> stock.Level:
        """The stock level as it is committed now."""
        return await stock.level_at(self.engine, sku, code)

    async def check(self) -> None:
        """Nothing in the books is broken."""
        broken = await self.shop.broken_rules()
        assert broken == [], broken


def groups_of(order: Mapping[str, Any]) -> dict[str, int]:
    """Units of an order by the state that they are in."""
    found: dict[str, int] = {}
    for line in order["lines"]:
        for group in line["groups"]:
            found[group["state"]] = found.get(group["state"], 0) + group["quantity"]
    return found


def work_at(order: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The newest fulfillment order of an order at a location."""
    wanted = location_id(code)
    return [work for work in order["fulfillmentOrders"] if work["locationId"] == wanted][-1]


def wish(**changes: Any) -> dict[str, Any]:
    """Input of placeOrder: one HAT shipped to Rome and paid by card, changed as told.

    `lines` may be units by SKU; `pickup` is the code of a store to collect in; `token` the card's.
    """
    latitude, longitude, country = PLACES["ROME"]
    lines = changes.pop("lines", {"HAT": 1})
    if isinstance(lines, dict):
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    store = changes.pop("pickup", None)
    delivery: dict[str, Any] = {
        "mode": "SHIP",
        "address": {
            "recipient": "Ada Verdi",
            "street": "Via Roma 1",
            "city": "Rome",
            "postalCode": "00100",
            "country": country,
            "latitude": latitude,
            "longitude": longitude,
        },
    }
    if store is not None:
        delivery = {"mode": "PICKUP", "locationId": location_id(store)}
    given: dict[str, Any] = {
        "idempotencyKey": uuid4().hex,
        "channel": "WEB",
        "customer": {"email": "ada@example.com", "firstName": "Ada", "lastName": "Verdi"},
        "lines": lines,
        "delivery": delivery,
        "payment": {"tender": "CARD", "token": changes.pop("token", "tok_approve")},
    }
    return {**given, **changes}


async def open_stage(engine: AsyncEngine, stock_of: Mapping[str, Mapping[str, int]]) -> Stage:
    """A shop over a clean database (units by SKU and location code) and its API."""
    shop = await open_shop(engine, stock_of)
    services = Services(shop.database, shop.gateway, shop.terms)
    return Stage(engine, shop, services, Api(remembering_schema(), services))
