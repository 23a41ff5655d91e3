"""Use case: write a note on a customer. Head office reads notes, all staff may write them."""

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from domain.common.errors import check_version
from domain.common.idempotency import once
from domain.common.ids import CustomerId, new_id
from domain.common.transaction import Tx
from domain.customers.events import Part
from domain.customers.model import NoteId, checked_note
from domain.customers.repository import locked_customer
from domain.customers.saving import save
from domain.customers.tables import customer_note
from domain.identity.model import Actor


@dataclass(frozen=True, slots=True)
class AddCustomerNote:
    """What a member of staff wants colleagues to know of a customer."""

    idempotency_key: str
    customer_id: CustomerId
    text: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """The customer with the version it has since, and the id of the new note."""

    customer_id: CustomerId
    version: int
    note_id: NoteId


async def add_customer_note(tx: Tx, command: AddCustomerNote, *, actor: Actor) -> NoteAdded:
    """The new note; publishes CustomerChanged. Locks the customer's row.

    Raises:
        NotFound: there is no such customer, or the actor may not see it.
        VersionConflict: it changed since it was read. ValidationFailed: see `checked_note`.
        IdempotencyConflict: the key has another input.
    """

    async def work() -> NoteAdded:
        before = await locked_customer(tx.connection, command.customer_id, seen_by=actor)
        check_version(command.expected_version, before.version)
        note_id = NoteId(new_id())
        note = insert(customer_note).values(
            id=note_id,
            customer_id=before.id,
            text=checked_note(command.text),
            author=tx.actor_key,
            created_at=await tx.now(),
        )
        done = await save(tx, before, Part.NOTE, note)
        return NoteAdded(done.id, done.version, note_id)

    return await once(tx, "addCustomerNote", command, NoteAdded, work)
