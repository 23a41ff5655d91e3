"""Writing customers: every change is one version and one event, in one statement with its parts."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import UpdateBase

from domain.common.faults import constraint_of
from domain.common.ids import CustomerId
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.customers.errors import CustomerExists
from domain.customers.events import Part, customer_changed
from domain.customers.model import Customer
from domain.customers.tables import customer
from domain.events.outbox import publish
from domain.identity.model import STAFF, Actor

_FIELDS = {
    "uq_customer_email": "email",
    "uq_customer_phone": "phone",
    "pk_customer_reference": "references",
}


@dataclass(frozen=True, slots=True)
class CustomerDone:
    """The customer that a use case changed, with the version it has since."""

    id: CustomerId
    version: int


async def save(
    tx: Tx, before: Customer, part: Part, *also: UpdateBase, **values: Any
) -> CustomerDone:
    """The next version of the locked customer `before`, with `values` in its own row and whatever
    `also` writes; publishes CustomerChanged.

    Raises:
        CustomerExists: another transaction was faster to take the e-mail, phone or reference.
    """
    version = before.version + 1
    own = sa.update(customer).where(customer.c.id == before.id).values(version=version, **values)
    try:
        await tx.connection.execute(together(own, *also))
    except IntegrityError as error:
        raise meaning_of(error) from None
    await publish(tx, customer_changed(before.id, version, part))
    return CustomerDone(before.id, version)


def meaning_of(error: IntegrityError) -> Exception:
    """The refusal that a violated constraint means, without the values in it; else `error`."""
    constraint = constraint_of(error) or ""
    if constraint in _FIELDS:
        return CustomerExists(_FIELDS[constraint], None)
    return error


def exists(field: str, owner: CustomerId, actor: Actor) -> CustomerExists:
    """The refusal, with the other customer's id if the actor may learn it."""
    return CustomerExists(field, owner if actor.role in STAFF else None)
