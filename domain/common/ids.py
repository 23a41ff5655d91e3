"""Typed identifiers. Inside the house ids are UUIDs of version 7, which sort by birth."""

import os
import time
from typing import NewType
from uuid import UUID

ChannelCode = NewType("ChannelCode", str)
CustomerId = NewType("CustomerId", UUID)
DeviceId = NewType("DeviceId", UUID)
FulfillmentOrderId = NewType("FulfillmentOrderId", UUID)
LabelId = NewType("LabelId", UUID)
LineGroupId = NewType("LineGroupId", UUID)
LocationId = NewType("LocationId", UUID)
OrderId = NewType("OrderId", UUID)
OrderLineId = NewType("OrderLineId", UUID)
ParcelId = NewType("ParcelId", UUID)
PaymentId = NewType("PaymentId", UUID)
ProductId = NewType("ProductId", UUID)
ReservationId = NewType("ReservationId", UUID)
ReturnId = NewType("ReturnId", UUID)
ShipmentId = NewType("ShipmentId", UUID)
Sku = NewType("Sku", str)
TrackingEventId = NewType("TrackingEventId", UUID)
WaveId = NewType("WaveId", UUID)


def new_id() -> UUID:
    """A fresh UUID version 7: 48 bits of Unix milliseconds, then 74 random bits (RFC 9562, 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    tail = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | (tail >> 68 & 0xFFF) << 64
    return UUID(int=value | 0b10 << 62 | tail & (2**62 - 1))
