"""Refusals of the fulfillment area."""

from domain.common.errors import DomainError
from domain.common.ids import OrderLineId


class QuantityExceeded(DomainError):
    """More units were reported of a line than the fulfillment order has in that step."""

    code = "QUANTITY_EXCEEDED"

    def __init__(self, line_id: OrderLineId, reported: int, expected: int) -> None:
        super().__init__(f"line {line_id}: {reported} units reported, {expected} expected")
        self.line_id = line_id
        self.reported = reported
        self.expected = expected
