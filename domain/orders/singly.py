"""Each half of placing in a transaction of its own: how an order is decided that no batch can."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from domain.common.database import Database
from domain.common.faults import constraint_of
from domain.common.idempotency import Command
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.commands import PlaceOrder
from domain.orders.errors import DuplicateExternalReference, PlanOutdated
from domain.orders.model import Order
from domain.orders.place import Terms, accept
from domain.orders.results import Placed
from domain.orders.settle import Answers, confirm

MAX_PLANS = 5


async def accept_singly(
    database: Database,
    actor: Actor,
    command: PlaceOrder,
    terms: Terms,
    correlation_id: str,
    placed_at: datetime | None = None,
) -> Order | Placed:
    """What `accept` gives, committed; it plans again when stock moved meanwhile, 5 times at most.

    Raises:
        see `accept`. DuplicateExternalReference: the channel sent that reference before.
    """

    async def step(tx: Tx) -> Order | Placed:
        return await accept(tx, actor, command, terms, placed_at=placed_at)

    for attempt in range(1, MAX_PLANS + 1):
        try:
            return await database.run(step, actor_key=actor.key, correlation_id=correlation_id)
        except PlanOutdated as outdated:
            if attempt == MAX_PLANS:
                raise outdated.shortage from outdated
        except IntegrityError as error:
            if constraint_of(error) == "uq_sales_order_channel_external_reference":
                raise DuplicateExternalReference(command.external_reference or "") from error
            raise
    raise AssertionError("unreachable")


async def settle_singly(
    database: Database,
    actor: Actor,
    command: Command,
    seen: Order,
    answers: Answers,
    correlation_id: str,
) -> Placed:
    """What `confirm` gives, committed.

    Raises:
        InsufficientStock: see `confirm`.
    """

    async def step(tx: Tx) -> Placed:
        return await confirm(tx, seen, command, answers)

    return await database.run(step, actor_key=actor.key, correlation_id=correlation_id)
