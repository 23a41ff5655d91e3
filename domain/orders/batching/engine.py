"""The order engine of a worker: both halves of placing, each in a lane of its own (ADR 0024)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from domain.common.database import Database
from domain.common.idempotency import Command
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.batching import accepting, settling
from domain.orders.batching.jobs import Acceptance, Settlement, acceptance
from domain.orders.batching.lane import Lane
from domain.orders.batching.reactions import reaction
from domain.orders.commands import PlaceOrder
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.results import Placed, Settled
from domain.orders.settle import Answers
from domain.orders.singly import accept_singly, settle_singly

T = TypeVar("T")
LANES = 2
"""Connections that an engine needs: each lane has one batch under way at most."""
LOCK_TIMEOUT = "1s"
"""How long a batch waits for a lock before its orders are decided each by itself. Lanes have it on
their connections: one order must not make all others wait for a level that somebody keeps locked.
"""
ENGINE = "ENGINE"
"""Who acts in a batch as a whole. Nothing is stored or published in this name."""


@dataclass(frozen=True, slots=True)
class OrderEngine:
    """Decides orders that come at the same time together.

    An order that is alone is a batch too: its statements are compiled once, which makes it cheaper
    than singly. Two engines on one database are as right as one: they meet at row locks.
    """

    acceptances: Lane[Acceptance, Order | Placed]
    settlements: Lane[Settlement, Settled]

    @classmethod
    def over(cls, database: Database, lanes: Database) -> "OrderEngine":
        """The engine of a worker. `lanes` has connections for batches only, with LOCK_TIMEOUT;
        `database` is for single orders: those that a batch cannot decide (`accept_many`,
        `settle_many` say which).
        """

        async def accept_alone(job: Acceptance) -> Order | Placed:
            return await accept_singly(
                database, job.actor, job.command, job.terms, job.correlation_id
            )

        async def settle_alone(job: Settlement) -> Settled:
            placed = await settle_singly(
                database, job.actor, job.command, job.seen, job.answers, job.correlation_id
            )
            return Settled(placed)

        return cls(
            Lane(
                many=_in_one(lanes, accepting.accept_many),
                single=accept_alone,
                same=lambda job: job.key,
                reaction=reaction,
            ),
            Lane(
                many=_in_one(lanes, settling.settle_many),
                single=settle_alone,
                same=lambda job: job.seen.id,
                reaction=reaction,
            ),
        )

    async def accept(
        self, actor: Actor, command: PlaceOrder, terms: Terms, correlation_id: str
    ) -> Order | Placed:
        """What `accept_singly` gives, decided in its turn. It is decided even when the caller is
        cancelled meanwhile, and stands under its key.

        Raises:
            see `accept_singly`.
        """
        job = acceptance(actor, command, terms, correlation_id)
        return await self.acceptances.decide(job)

    async def settle(
        self, actor: Actor, command: Command, seen: Order, answers: Answers, correlation_id: str
    ) -> Settled:
        """What `settle_singly` gives, decided in its turn; as `accept`.

        Raises:
            see `settle_singly`.
        """
        job = Settlement(actor, command, correlation_id, seen, answers)
        return await self.settlements.decide(job)

    async def drained(self) -> None:
        """Returns when all that was asked is decided."""
        await self.acceptances.drained()
        await self.settlements.drained()


J = TypeVar("J")


def _in_one(
    lanes: Database, decide: Callable[[Tx, Sequence[J]], Awaitable[T]]
) -> Callable[[Sequence[J]], Awaitable[T]]:
    """`decide` in one transaction; the lane says what to do when it fails."""

    async def many(jobs: Sequence[J]) -> T:
        return await lanes.run(lambda tx: decide(tx, jobs), actor_key=ENGINE, attempts=1)

    return many
