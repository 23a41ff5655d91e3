"""What return use cases hand back, and what is stored under their idempotency keys."""

from dataclasses import dataclass

from domain.common.ids import OrderId, ReturnId


@dataclass(frozen=True, slots=True)
class ReturnChange:
    """A return with the version that a change gave it."""

    return_id: ReturnId
    order_id: OrderId
    version: int


@dataclass(frozen=True, slots=True)
class BagReceived:
    """The returns of one visit, in the order in which their orders were named."""

    returns: tuple[ReturnChange, ...]
