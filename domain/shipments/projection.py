"""Shipments as the first payload of a subscription shows them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.shipments.events import shipment_payload
from domain.shipments.repository import shipments_by_order


async def shipment_states(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> list[dict[str, Any]]:
    """The state of all shipments of these orders, in the shape of a ShipmentChanged payload.

    One statement, whatever the number of orders; oldest shipment first within an order.
    """
    found = await shipments_by_order(connection, order_ids)
    return [shipment_payload(shipment) for each in found.values() for shipment in each]
