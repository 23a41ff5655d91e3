"""Editing orders through the API."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from strawberry import relay

from domain.catalog.tables import price
from domain.identity.model import Actor
from domain.payments.tables import sandbox_charge
from tests.support.mutations import everything
from tests.support.shop import AGENT, customer
from tests.support.stage import ORDER, Stage

EDITED = f"""... on EditOrderLinesPayload {{ order {{ {ORDER} total {{ amount }} }} }}
  ... on StaleOrderError {{ expected actual order {{ version }} }}
  ... on QuantityNotEditableError {{ lowest }} ... on OrderNotEditableError {{ reason }}"""


def add(sku: str, quantity: int, **more: Any) -> dict[str, Any]:
    """A change: more units of a SKU."""
    return {"add": {"sku": sku, "quantity": quantity, **more}}


def to(order: Any, quantity: int, line: int = 0) -> dict[str, Any]:
    """A change: that line of the order shall have so many units."""
    return {"setQuantity": {"orderLineId": order["lines"][line]["id"], "quantity": quantity}}


def remove(order: Any, line: int = 0) -> dict[str, Any]:
    """A change: that line of the order goes."""
    return {"remove": order["lines"][line]["id"]}


async def edit(
    stage: Stage, order: Any, *changes: dict[str, Any], actor: Actor = AGENT, **given: Any
) -> Any:
    """What editOrderLines answers; the order's version is expected unless another is given."""
    given = {
        "orderId": order["id"],
        "expectedVersion": order["version"],
        "changes": list(changes),
    } | given
    return await stage.do(actor, "editOrderLines", "EditOrderLinesInput", EDITED, **given)


async def edited(stage: Stage, order: Any, *changes: dict[str, Any], **given: Any) -> Any:
    """The order after an edit that works."""
    answer = await edit(stage, order, *changes, **given)
    assert answer["__typename"] == "EditOrderLinesPayload", answer
    return answer["order"]


async def authorised(stage: Stage) -> list[tuple[int, int, bool]]:
    """What the PSP put aside, took, and let go, per charge."""
    c = sandbox_charge.c
    query = sa.select(c.authorised_minor, c.captured_minor, c.voided)
    return sorted((row[0], row[1], row[2]) for row in await stage.shop.rows(query))


async def refused(stage: Stage, order: Any, *changes: Any, **given: Any) -> Any:
    """The error of an edit that changes nothing."""
    before = await everything(stage.engine)
    answer = await edit(stage, order, *changes, **given)
    assert await everything(stage.engine) == before, answer
    return answer


async def owner_of(stage: Stage, order: Any) -> Actor:
    """The customer of an order, logged in."""
    found = await stage.order(order["id"], "customerId")
    return customer(UUID(relay.GlobalID.from_id(found["customerId"]).node_id))


async def set_price(stage: Stage, sku: str, amount_minor: int) -> None:
    """The SKU costs that on every channel now."""
    async with stage.engine.begin() as connection:
        change = sa.update(price).where(price.c.sku == sku)
        await connection.execute(change.values(amount_minor=amount_minor))
