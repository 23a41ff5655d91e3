"""The ground of the machine over the API: asking, choosing what a call fits, and what must hold."""

import asyncio
from collections import Counter
from collections.abc import Collection
from typing import Any, ClassVar
from uuid import uuid4

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import integers, sampled_from
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.states import GroupState
from domain.orders.tables import fulfillment_order, line_group, sales_order
from domain.payments.tables import payment
from tests.stateful.world import World
from tests.support.mutations import everything
from tests.support.shop import ADMIN, PLACES, Shop
from tests.support.stage import gid

PICK = integers(0, 50)
FEW = integers(1, 4)
PLACE = sampled_from(sorted(PLACES))
REMEMBERED = 20
"""Calls that worked and may be sent again."""
FRESH = 10
"""So many examples Hypothesis makes anew; most of those after them are copies, a little changed."""


class Machine(RuleBasedStateMachine):
    """A shop in a transaction that is taken back at the end."""

    seen: ClassVar[Counter[tuple[str, str]]]
    """How often each mutation was answered with which code, "done" if it was done, in all examples
    of a machine; each machine has its own.
    """
    runner: asyncio.Runner
    engine: AsyncEngine
    shop: Shop

    def __init__(self) -> None:
        super().__init__()
        self.world = World.begin(self.runner, self.engine, self.shop)
        self.done: list[tuple[str, str, dict[str, Any]]] = []
        self.numbers = 0

    def ask(self, name: str, kind: str, **given: Any) -> dict[str, Any]:
        """The answer of a mutation."""
        given.setdefault("idempotencyKey", uuid4().hex)
        answer = self.world.do(self.world.stage.do(ADMIN, name, kind, "", **given))
        worked = answer["__typename"].endswith("Payload")
        self.seen[name, "done" if worked else answer["code"]] += 1
        if worked:
            self.done = [*self.done[-REMEMBERED:], (name, kind, given)]
        return answer

    def one(self, query: sa.Select[*tuple[Any, ...]], pick: int) -> Any:
        """One of the rows of a query; None if there is none."""
        rows = self.world.rows(query)
        return rows[pick % len(rows)] if rows else None

    def order(
        self, pick: int, *statuses: str, having: Collection[GroupState] = (), held: bool = False
    ) -> str | None:
        """An order in one of the statuses; with units in one of the states; on hold, or not held
        (which matters only when states are wanted).
        """
        query = sa.select(sales_order.c.id).order_by(sales_order.c.id)
        query = query.where(sales_order.c.status.in_(statuses))
        if having:
            units = line_group.c.order_id == sales_order.c.id
            query = query.where(sa.exists().where(units, line_group.c.state.in_(having)))
            query = query.where((sales_order.c.holds != array([], type_=sa.Text)) == held)
        found = self.one(query, pick)
        return gid("Order", found.id) if found else None

    def line(self, pick: int, *states: GroupState) -> tuple[str, str] | None:
        """An order with one of its lines; with units in one of the states, if any are told."""
        query = sa.select(line_group).order_by(line_group.c.id)
        found = self.one(query.where(line_group.c.state.in_(states)) if states else query, pick)
        return (gid("Order", found.order_id), str(found.line_id)) if found else None

    def work(self, pick: int, *statuses: str, asked: bool = False) -> Any:
        """The work of a location, in one of the statuses if any are told; of orders without a hold;
        with an open request to cancel if `asked`.
        """
        c = fulfillment_order.c
        query = sa.select(fulfillment_order).order_by(c.id)
        if statuses:
            free = sa.select(sales_order.c.id).where(
                sales_order.c.holds == array([], type_=sa.Text)
            )
            query = query.where(c.status.in_(statuses), c.order_id.in_(free))
        if asked:
            query = query.where(c.cancel_requested_at.is_not(None), c.cancel_refused_at.is_(None))
        return self.one(query, pick)

    @rule(pick=PICK)
    def replay(self, pick: int) -> None:
        """What was asked with a key, asked again, is answered again and does nothing. The scheduler
        has nothing to do by then: calls about goods do some of its work on their way.
        """
        if not self.done:
            return
        name, kind, given = self.done[pick % len(self.done)]
        self.world.do(self.world.stage.tick())
        before = self.world.do(everything(self.world.stage.engine))
        again = self.ask(name, kind, **given)
        assert again["__typename"].endswith("Payload"), (name, again)
        assert self.world.do(everything(self.world.stage.engine)) == before, name

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.world.broken() == []

    def teardown(self) -> None:
        """At last the scheduler lets go all money that is not due; then all is taken back."""
        try:
            self.world.do(self.world.stage.tick())
            assert self.world.do(self.world.stage.shop.broken_rules()) == []
            excess = sa.select(sales_order.c.number).where(sales_order.c.excess_minor > 0)
            assert self.world.rows(excess) == []
            aside = sa.select(sales_order.c.number).join(
                payment, payment.c.order_id == sales_order.c.id
            )
            over = sales_order.c.status.in_(["CANCELLED", "EXPIRED"])
            assert self.world.rows(aside.where(over, payment.c.state == "AUTHORISED")) == []
        finally:
            self.world.end()


def run(machine: type[Machine], examples: int, steps: int) -> None:
    """The machine runs on so many examples of up to so many steps, the same ones every time.

    Each `FRESH` of them have a seed of their own: no example is a copy of another. A failure is
    told at once, not made small for minutes.
    """
    for first in range(0, examples, FRESH):
        run_state_machine_as_test(
            seed(first)(machine),
            settings=settings(
                max_examples=min(FRESH, examples - first),
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                phases=[Phase.generate],
            ),
        )
