"""Use case: record that a customer gave or took back consent. Records are kept for ever."""

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import check_version
from domain.common.idempotency import once
from domain.common.ids import CustomerId, new_id
from domain.common.texts import needed_line
from domain.common.transaction import Tx
from domain.customers.events import Part
from domain.customers.model import MAX_REFERENCE, ConsentPurpose
from domain.customers.repository import locked_customer
from domain.customers.saving import CustomerDone, save
from domain.customers.tables import customer_consent
from domain.identity.model import Actor


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """The customer gave (`granted`) or took back consent; `source` says where, such as a form."""

    idempotency_key: str
    customer_id: CustomerId
    purpose: ConsentPurpose
    granted: bool
    source: str
    expected_version: int | None = None


async def record_consent(tx: Tx, command: RecordConsent, *, actor: Actor) -> CustomerDone:
    """The customer with one more record, which is what holds from now on; publishes
    CustomerChanged. Consent that was given before is recorded again: each act is evidence.

    Locks the customer's row.

    Raises:
        NotFound: there is no such customer, or the actor may not see it.
        VersionConflict: it changed since it was read. ValidationFailed: the source is malformed.
        IdempotencyConflict: the key has another input.
    """

    async def work() -> CustomerDone:
        before = await locked_customer(tx.connection, command.customer_id, seen_by=actor)
        check_version(command.expected_version, before.version)
        source = needed_line("source", command.source, MAX_REFERENCE)
        check_no_card_number("source", source)
        record = insert(customer_consent).values(
            id=new_id(),
            customer_id=before.id,
            purpose=command.purpose.value,
            granted=command.granted,
            source=source,
            recorded_at=await tx.now(),
            recorded_by=tx.actor_key,
        )
        return await save(tx, before, Part.CONSENT, record)

    return await once(tx, "recordConsent", command, CustomerDone, work)
