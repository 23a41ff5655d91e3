"""What a batch is asked to decide: one job per order. Frozen, and checked before it is queued."""

from dataclasses import dataclass

from domain.common.idempotency import Command, check_key, input_hash
from domain.common.many_keys import Key
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.commands import PlaceOrder
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.placing_rules import check_order, in_actor_scope
from domain.orders.settle import Answers


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """What somebody asks with a command."""

    actor: Actor
    command: Command
    correlation_id: str

    @property
    def key(self) -> Key:
        """The actor's idempotency key."""
        return self.actor.key, self.command.idempotency_key

    def acting(self, tx: Tx) -> Tx:
        """The batch's transaction in the name of this job's actor."""
        return tx.acting_for(self.actor.key, self.correlation_id)


@dataclass(frozen=True, slots=True, eq=False)
class Acceptance(_Job):
    """An order to accept. `command` is in the actor's scope and well formed."""

    command: PlaceOrder
    terms: Terms
    input_hash: str


@dataclass(frozen=True, slots=True, eq=False)
class Settlement(_Job):
    """An accepted order with the PSP's answers. `seen` is the order that was paid for."""

    seen: Order
    answers: Answers


def acceptance(actor: Actor, given: PlaceOrder, terms: Terms, correlation_id: str) -> Acceptance:
    """The job for a command.

    Raises:
        ValidationFailed, Forbidden: malformed or not allowed, as `accept` says.
    """
    command = in_actor_scope(actor, given)
    check_order(actor, command)
    check_key(command.idempotency_key)
    return Acceptance(actor, command, correlation_id, terms, input_hash(command))
