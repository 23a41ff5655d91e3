"""A supplier, and the steps of its purchase orders, through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.identity.model import Actor
from tests.support.shop import ADMIN
from tests.support.stage import Stage, location_id

SOON = datetime.now(UTC).replace(microsecond=0)
PURCHASE = """... on PurchaseOrderPayload { purchaseOrder { id number state version
  lines { sku ordered received invoiced eta receiptDifference invoiceDifference
    amountDifference { amount } } } }"""


def day(number: int) -> str:
    """A moment so many days from now, as the API takes and gives it."""
    return (SOON + timedelta(days=number)).isoformat()


async def open_supplier(stage: Stage, code: str = "HATMAKER") -> str:
    """The id of a new supplier."""
    made = await stage.do(
        ADMIN, "createLocation", "CreateLocationInput",
        "... on CreateLocationPayload { location { id } }",
        code=code, name="Hat maker", kind="SUPPLIER", address={"city": "Biella", "country": "IT"},
        position={"latitude": 45.5, "longitude": 8.0}, timeZone="Europe/Rome", canShip=False,
        canPickup=False, canReceiveReturns=False,
    )  # fmt: skip
    return made["location"]["id"]


async def ordered(stage: Stage, supplier: str, **given: Any) -> dict[str, Any]:
    """What createPurchaseOrder answers: 10 HATs for ROME in 4 days, changed as told."""
    wanted: dict[str, Any] = {
        "supplierId": supplier,
        "locationId": location_id("ROME"),
        "lines": [{"sku": "HAT", "quantity": 10}],
        "eta": day(4),
    } | given
    return await stage.do(
        wanted.pop("actor", ADMIN), "createPurchaseOrder", "CreatePurchaseOrderInput", PURCHASE,
        **wanted,
    )  # fmt: skip


async def step(
    stage: Stage, name: str, order: Any, *, actor: Actor = ADMIN, **given: Any
) -> dict[str, Any]:
    """What a change of a purchase order answers; `name` is that of the mutation."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    given["purchaseOrderId"] = order["id"]
    return await stage.do(actor, name, kind, PURCHASE, **given)


async def took_in(stage: Stage, order: Any, quantity: int, **given: Any) -> dict[str, Any]:
    """The purchase order after so many HATs came."""
    lines = [{"sku": "HAT", "quantity": quantity}]
    answer = await step(stage, "receivePurchaseOrder", order, lines=lines, **given)
    assert answer["__typename"] == "PurchaseOrderPayload", answer
    return answer["purchaseOrder"]
