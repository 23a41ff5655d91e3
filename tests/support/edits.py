"""Editing orders through the API."""

from typing import Any

from domain.identity.model import Actor
from tests.support.shop import AGENT
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
