"""Acts on orders, as calls of the API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.client import Caller, Payload
from app.replay import documents
from app.replay.timeline import Act
from domain.common.money import Money
from domain.integrations.model import HistoricOrder
from domain.integrations.olist import CARRIER


@dataclass
class Replayed:
    """An order that was placed in this replay: global ids."""

    id: str
    number: str
    customer_id: str
    total: str
    works: list[str]
    shipments: list[str] = field(default_factory=list[str])


class Actor:
    """Places orders as the marketplace and advances them as its sellers. `run` names the replay:
    another replay of the same orders has another name.
    """

    def __init__(self, channel: Caller, floor: Caller, run: str) -> None:
        self._channel = channel
        self._floor = floor
        self._run = run

    async def place(self, order: HistoricOrder) -> Replayed:
        """The order, placed now.

        Raises:
            Refused: the API did not take it.
        """
        payload = await self._channel.do(documents.PLACE, self._input(order))
        placed: dict[str, Any] = payload["order"]
        return Replayed(
            id=placed["id"],
            number=placed["number"],
            customer_id=placed["customerId"],
            total=f"{placed['total']['amount']} {placed['total']['currency']}",
            works=[work["id"] for work in placed["fulfillmentOrders"]],
        )

    async def advance(self, act: Act, order: HistoricOrder, placed: Replayed) -> None:
        """The act is done to the placed order.

        Raises:
            Refused: the API did not allow it.
        """
        key = f"{self._reference(order)}-{act.name.lower()}"
        mine = {"idempotencyKey": key, "orderId": placed.id}
        match act:
            case Act.PLACE:
                raise ValueError("an order is placed once")
            case Act.HOLD:
                await self._floor.do(documents.HOLD, {**mine, "hold": "PAYMENT"})
            case Act.CANCEL:
                await self._channel.do(documents.CANCEL, {**mine, "reason": order.reason})
            case Act.RELEASE:
                await self._floor.do(documents.RELEASE, mine)
            case Act.START_PICKING:
                for position, work in enumerate(placed.works):
                    await self._work(documents.START, f"{key}-{position}", work)
            case Act.SHIP:
                await self._ship(order, placed, key)
            case Act.DELIVER:
                for position, shipment in enumerate(placed.shipments):
                    given = {"idempotencyKey": f"{key}-{position}", "shipmentId": shipment}
                    await self._floor.do(documents.DELIVER, given)

    async def _ship(self, order: HistoricOrder, placed: Replayed, key: str) -> None:
        for position, work in enumerate(placed.works, start=1):
            for step, document in (
                ("start", documents.START),
                ("pick", documents.PICKED),
                ("pack", documents.PACK),
            ):
                await self._work(document, f"{key}-{position}-{step}", work)
            sent = await self._floor.do(
                documents.SHIP,
                {
                    "idempotencyKey": f"{key}-{position}",
                    "fulfillmentOrderId": work,
                    "carrier": CARRIER,
                    "parcels": [
                        {"trackingNumber": f"{self._run}-{order.reference[:40]}-{position}"}
                    ],
                },
            )
            placed.shipments.append(sent["shipment"]["id"])

    async def _work(self, document: str, key: str, work: str) -> Payload:
        given = {"idempotencyKey": key, "fulfillmentOrderId": work}
        return await self._floor.do(document, given)

    def _reference(self, order: HistoricOrder) -> str:
        return f"{self._run}-{order.reference}"

    def _input(self, order: HistoricOrder) -> Mapping[str, Any]:
        command = order.command
        address = command.delivery.address
        assert address is not None  # orders of a marketplace are shipped
        return {
            "idempotencyKey": f"{self._reference(order)}-place",
            "channel": command.channel,
            "customer": {"reference": command.customer.reference},
            "lines": [
                {"sku": line.sku, "quantity": line.quantity, "unitPrice": _money(line.unit_price)}
                for line in command.lines
            ],
            "delivery": {
                "mode": command.delivery.mode.value,
                "address": {
                    "recipient": address.recipient,
                    "street": address.street,
                    "city": address.city,
                    "region": address.region,
                    "postalCode": address.postal_code,
                    "country": address.country,
                    "latitude": address.latitude,
                    "longitude": address.longitude,
                },
            },
            "payment": {"tender": command.payment.tender.value},
            "language": command.language,
            "shipping": _money(command.shipping),
            "externalReference": self._reference(order),
        }


def _money(amount: Money | None) -> Mapping[str, str] | None:
    if amount is None:
        return None
    return {"amount": str(amount.amount), "currency": amount.currency}
