"""Steps of returns on stage: goods with the customer, asked for, brought, looked at."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.identity.model import Actor
from tests.support import carriers
from tests.support.shop import ADMIN, AGENT, ROME_TILL
from tests.support.stage import ORDER, Stage, location_id

RETURN = """id number orderId visitId method state locationId version
  fee { amount } credited { amount } expiresAt exchangeOrderId reason
  lines { orderLineId sku quantity reason units { state quantity } }
  inspections { quantity condition disposition transferId value { amount } fee { amount } }"""
RETURNED = f"""... on ReturnPayload {{ return {{ {RETURN} }} }}
  ... on ValidationError {{ field }} ... on QuantityExceededError {{ reported expected }}"""
BAG = f"... on ReturnBagPayload {{ returns {{ {RETURN} }} }}"
PAID = f"""{ORDER} returnStatus
  payments {{ tender state captured {{ amount }} refunded {{ amount }} refundDue {{ amount }} }}"""


async def delivered(stage: Stage, **wish: Any) -> Any:
    """An order that a carrier brought to its customer, paid by card."""
    order, work = await carriers.packed(stage, **wish)
    answer = await stage.do(
        ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput",
        "... on ShipFulfillmentOrderPayload { shipment { id } }",
        fulfillmentOrderId=work, carrier="DHL",
        parcels=[{"trackingNumber": f"T-{order['number']}", "lines": []}],
    )  # fmt: skip
    answer = await stage.do(
        ADMIN, "deliverShipment", "DeliverShipmentInput",
        f"... on DeliverShipmentPayload {{ order {{ {ORDER} }} }}",
        shipmentId=answer["shipment"]["id"],
    )  # fmt: skip
    return answer["order"]


async def sold(stage: Stage, actor: Actor = ROME_TILL, **changes: Any) -> Any:
    """An order that was paid cash and taken away in Rome."""
    given = {
        "channel": "POS",
        "payment": {"tender": "CASH"},
        "delivery": {"mode": "TAKE_AWAY", "locationId": location_id("ROME")},
    }
    return await stage.placed(actor, **(given | changes))


def lines_of(order: Mapping[str, Any], quantity: int = 1, reason: str = "CHANGED_MIND") -> Any:
    """So many units of each line, as input."""
    return [
        {"orderLineId": line["id"], "quantity": quantity, "reason": reason}
        for line in order["lines"]
    ]


async def ask(
    stage: Stage, order: Mapping[str, Any], actor: Actor | None = AGENT, /, **given: Any
) -> dict[str, Any]:
    """What requestReturn answers for one unit of each line, changed as told."""
    if not {"orderId", "orderNumber"} & given.keys():
        given["orderId"] = order["id"]
    given = {"method": "STORE_DROP_OFF", "lines": lines_of(order)} | given
    return await call(stage, "requestReturn", actor, **given)


async def call(stage: Stage, name: str, actor: Actor | None = ADMIN, /, **given: Any) -> Any:
    """What a mutation of one return answers; its input type goes by its name."""
    changes = {"authoriseReturn", "rejectReturn", "cancelReturn"}
    kind = "ChangeReturnInput" if name in changes else f"{name[0].upper()}{name[1:]}Input"
    return await stage.do(actor, name, kind, RETURNED, **given)


async def receive(
    stage: Stage, given: Mapping[str, Any], code: str = "ROME", actor: Actor = ADMIN, **more: Any
) -> Any:
    """What receiveReturn answers for all units of a return."""
    more = {"returnId": given["id"], "locationId": location_id(code)} | more
    return await call(stage, "receiveReturn", actor, **more)


async def brought(
    stage: Stage, *orders: Any, code: str = "ROME", actor: Actor = ADMIN, **more: Any
) -> Any:
    """What receiveReturnBag answers for one unit of each line of these orders."""
    named = [{"orderNumber": order["number"], "lines": lines_of(order)} for order in orders]
    more = {"locationId": location_id(code), "orders": named} | more
    return await stage.do(actor, "receiveReturnBag", "ReceiveReturnBagInput", BAG, **more)


async def inspect(
    stage: Stage,
    given: Mapping[str, Any],
    condition: str = "AS_NEW",
    quantity: int = 1,
    actor: Actor = ADMIN,
    **more: Any,
) -> Any:
    """What inspectReturn answers for so many units of each line."""
    disposition = more.pop("disposition", None)
    findings = [
        {
            "orderLineId": line["orderLineId"],
            "quantity": quantity,
            "condition": condition,
            "disposition": disposition,
        }
        for line in given["lines"]
    ]
    more = {"returnId": given["id"], "findings": findings} | more
    return await call(stage, "inspectReturn", actor, **more)


async def set_policy(stage: Stage, **given: Any) -> Any:
    """What setReturnPolicy answers."""
    selection = "... on ReturnPolicyPayload { policy { channel windowDays version } }"
    return await stage.do(ADMIN, "setReturnPolicy", "SetReturnPolicyInput", selection, **given)


def refunded(order: Mapping[str, Any]) -> list[str]:
    """What was given back of each payment, or is to be paid out by staff."""
    return [
        str(Decimal(payment["refunded"]["amount"]) + Decimal(payment["refundDue"]["amount"]))
        for payment in order["payments"]
    ]
