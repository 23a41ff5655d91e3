"""Transfers as values. What is on the way is in no level: it is counted here, once. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from domain.common.ids import LocationId, Sku
from domain.stock.model import Demand
from domain.transfers.errors import IllegalTransferStep

TransferId = NewType("TransferId", UUID)
MAX_LINES = 500
USUAL_TIME = timedelta(days=2)
"""How long goods are on the way when nobody says when they are expected."""


class TransferState(StrEnum):
    """CREATED: allocated at the source. SHIPPED: on the way. RECEIVED and CANCELLED are final."""

    CREATED = "CREATED"
    SHIPPED = "SHIPPED"
    RECEIVED = "RECEIVED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of a SKU that go; `received` is None until somebody counted them."""

    sku: Sku
    quantity: int
    received: int | None = None

    @property
    def variance(self) -> int | None:
        """Units that arrived beyond those that were sent; below 0 what was lost on the way."""
        return None if self.received is None else self.received - self.quantity


@dataclass(frozen=True, slots=True)
class Transfer:
    """Goods that go from one location to another. `version` counts its changes."""

    id: TransferId
    number: str
    source_id: LocationId
    destination_id: LocationId
    state: TransferState
    reference: str
    created_by: str
    created_at: datetime
    shipped_at: datetime | None
    received_at: datetime | None
    version: int
    lines: tuple[TransferLine, ...]
    expected_at: datetime | None = None

    def demands(self, location_id: LocationId) -> list[Demand]:
        """Its lines as demand on a location: what was received once that is known."""
        found = [
            (line.sku, line.quantity if line.received is None else line.received)
            for line in self.lines
        ]
        return [Demand(sku, location_id, units) for sku, units in found if units]


def shipped(transfer: Transfer, now: datetime, expected_at: datetime | None = None) -> Transfer:
    """The next version: on the way, expected in 2 days unless another time is given.

    Raises:
        IllegalTransferStep: it is not CREATED.
    """
    _require(transfer, "SHIP", TransferState.CREATED)
    return replace(
        transfer,
        state=TransferState.SHIPPED,
        shipped_at=now,
        expected_at=expected_at or now + USUAL_TIME,
        version=transfer.version + 1,
    )


def cancelled(transfer: Transfer) -> Transfer:
    """The next version: nothing goes.

    Raises:
        IllegalTransferStep: it is not CREATED.
    """
    _require(transfer, "CANCEL", TransferState.CREATED)
    return replace(transfer, state=TransferState.CANCELLED, version=transfer.version + 1)


def received(transfer: Transfer, counted: Mapping[Sku, int], now: datetime) -> Transfer:
    """The next version: it arrived, with so many units per SKU (all that was sent unless counted).

    Raises:
        IllegalTransferStep: it is not SHIPPED.
    """
    _require(transfer, "RECEIVE", TransferState.SHIPPED)
    lines = tuple(
        replace(line, received=counted.get(line.sku, line.quantity)) for line in transfer.lines
    )
    return replace(
        transfer,
        state=TransferState.RECEIVED,
        received_at=now,
        version=transfer.version + 1,
        lines=lines,
    )


def _require(transfer: Transfer, action: str, state: TransferState) -> None:
    if transfer.state is not state:
        raise IllegalTransferStep(action, transfer.state.value)
