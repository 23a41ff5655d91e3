"""Use case: say which segments a customer belongs to, for prices and promotions."""

from dataclasses import dataclass

from domain.common.errors import check_version
from domain.common.idempotency import once
from domain.common.ids import CustomerId
from domain.common.texts import checked_tags
from domain.common.transaction import Tx
from domain.customers.events import Part
from domain.customers.repository import locked_customer
from domain.customers.saving import CustomerDone, save
from domain.identity.model import Actor


@dataclass(frozen=True, slots=True)
class SetCustomerSegments:
    """The customer belongs to these segments and to no others."""

    idempotency_key: str
    customer_id: CustomerId
    segments: tuple[str, ...]
    expected_version: int | None = None


async def set_customer_segments(
    tx: Tx, command: SetCustomerSegments, *, actor: Actor
) -> CustomerDone:
    """The customer with these segments; publishes CustomerChanged unless they are as they were.
    Orders that were placed keep the prices of their time.

    Locks the customer's row.

    Raises:
        NotFound: there is no such customer, or the actor may not see it.
        VersionConflict: it changed since it was read. ValidationFailed: a segment is malformed.
        IdempotencyConflict: the key has another input.
    """
    segments = checked_tags("segments", command.segments)

    async def work() -> CustomerDone:
        before = await locked_customer(tx.connection, command.customer_id, seen_by=actor)
        check_version(command.expected_version, before.version)
        if segments == before.segments:
            return CustomerDone(before.id, before.version)
        return await save(tx, before, Part.SEGMENTS, segments=list(segments))

    return await once(tx, "setCustomerSegments", command, CustomerDone, work)
