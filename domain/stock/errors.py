"""Refusals of the stock area."""

from domain.common.errors import DomainError
from domain.common.ids import LocationId, Sku


class InsufficientStock(DomainError):
    """Fewer units can be taken than were asked for; nothing was changed. `location_id` is None when
    no location, or set of locations, has enough.
    """

    code = "INSUFFICIENT_STOCK"

    def __init__(
        self, sku: Sku, location_id: LocationId | None, requested: int, available: int
    ) -> None:
        super().__init__(f"{requested} of {sku} asked for, {available} available")
        self.sku = sku
        self.location_id = location_id
        self.requested = requested
        self.available = available
