"""Any mutation from any state: what the table of transitions allows is done, nothing else is.

`test_every_call_from_every_state` explores all states that an order of one unit can get into
through the API, and calls every mutation from each: in `make test` those of what is shipped.
`test_any_call_from_any_mixture` does so from mixtures: orders of several units at several
locations, at any stage of their work.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Generator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.database import write_engine
from domain.orders.lifecycle import reachable_states
from domain.orders.states import (
    CALLED_OFF,
    RETURNED,
    RETURNING,
    WITH_CUSTOMER,
    DeliveryMode,
    GroupState,
)
from tests.stateful.calls import Call, Now
from tests.stateful.catalogue import CALLS
from tests.stateful.walker import Walker
from tests.stateful.world import World
from tests.support.carriers import rate, set_rates
from tests.support.purchasing import open_supplier
from tests.support.servers import ServerUrls, clone_migrated
from tests.support.shop import ADMIN, ROME_TILL, Shop
from tests.support.stage import Stage, location_id, open_stage

BY_NAME = {call.name: call for call in CALLS}
OF_ORDERS = [call for call in CALLS if call.scope.value[1]]
STATE = sa.text(
    "SELECT o.delivery_mode, o.status, g.state,"
    " w.cancel_requested_at IS NOT NULL AND w.cancel_refused_at IS NULL"
    " FROM sales_order AS o JOIN line_group AS g ON g.order_id = o.id"
    " LEFT JOIN fulfillment_order AS w ON w.id = g.fulfillment_order_id ORDER BY g.id"
)


@dataclass
class Ground:
    """A committed shop over which worlds begin."""

    runner: asyncio.Runner
    engine: AsyncEngine
    shop: Shop

    @contextmanager
    def walker(self) -> Generator[Walker]:
        world = World.begin(self.runner, self.engine, self.shop)
        try:
            yield Walker(world)
        finally:
            world.end()


@pytest.fixture(scope="module")
def ground(servers: ServerUrls, worker_number: int) -> Generator[Ground]:
    with asyncio.Runner() as runner:
        url = runner.run(clone_migrated(servers, f"unico_walk_{worker_number}"))
        engine = write_engine(url, pool_size=2)
        stock = {"HAT": {"ROME": 3, "MILAN": 2, "MADRID": 1}, "SCARF": {"ROME": 1}}

        async def begin() -> Stage:
            stage = await open_stage(engine, stock)
            await open_supplier(stage)
            await set_rates(stage, rate())
            return stage

        yield Ground(runner, engine, runner.run(begin()).shop)
        runner.run(engine.dispose())


def _explored_when_shipped(place: tuple[Any, ...]) -> bool:
    """Whether a request to cancel is open, or the unit comes back, which is the same for all
    modes; or it came back, which is the same wherever it went.
    """
    mode, _, state, requested = place[0]
    if state in RETURNED - {GroupState.RESTOCKED}:
        return True
    return (requested or state in AFTER_SALE) and mode != DeliveryMode.SHIP.value


def in_store(mode: str, code: str) -> dict[str, Any]:
    return {"delivery": {"mode": mode, "locationId": location_id(code)}}


NONE_THERE: dict[str, Any] = {"lines": {"SCARF": 1}, "unfilledPolicy": "BACKORDER_REST"}
WISHES: Mapping[str, Mapping[str, Any]] = {
    "shipped": {},
    "shipped later": NONE_THERE,
    "not paid": {"token": "tok_decline"},
    "collected": in_store("PICKUP", "ROME"),
    "collected later": NONE_THERE | in_store("PICKUP", "ROME"),
    "supplied": in_store("SHIP_TO_STORE", "MILAN") | {"lines": {"SCARF": 1}},
    "supplied later": NONE_THERE | in_store("SHIP_TO_STORE", "MILAN"),
    "taken away": in_store("TAKE_AWAY", "ROME") | {"channel": "POS", "payment": {"tender": "CASH"}},
}
SHIPPED = ("shipped", "shipped later", "not paid")
IS_LONG = "UNICO_STATEFUL_EXAMPLES" in os.environ
"""`make walk`: all modes, where `make test` goes through the states of what is shipped."""
NOT_THROUGH_THE_API = {
    DeliveryMode.TAKE_AWAY: "paid goods are handed over in the same call; without stock it is"
    " refused",
    DeliveryMode.PICKUP_POINT: "the same use cases as SHIP",
}
"""Delivery modes of which not all states of the table are reached here, and why."""
NOT_HERE = CALLED_OFF | {GroupState.NEW}
"""Units that wait for a payment are alike in all modes; those called off need no more calls."""
AFTER_SALE = RETURNING | RETURNED
ELSEWHERE: Mapping[DeliveryMode, Set[GroupState]] = {
    DeliveryMode.SHIP: {GroupState.RETURN_REQUESTED, GroupState.TRANSFERRED},
    DeliveryMode.PICKUP: {GroupState.TRANSFER_IN_TRANSIT} | AFTER_SALE,
    DeliveryMode.SHIP_TO_STORE: AFTER_SALE,
}
"""A store that another location supplies is SHIP_TO_STORE. What staff ask for is authorised at
once, and no store runs out of goods here (`tests/scenarios/test_returns.py`).
"""


@dataclass
class Explorer:
    """Goes everywhere, calling everything; savepoints take it back."""

    walker: Walker
    been: set[tuple[Any, ...]] = field(default_factory=set[tuple[Any, ...]])
    states: set[tuple[DeliveryMode, GroupState]] = field(
        default_factory=set[tuple[DeliveryMode, GroupState]]
    )

    def here(self) -> tuple[Any, ...]:
        """What makes a place in the life of the order another one."""
        rows = self.walker.world.rows(STATE)
        self.states |= {(DeliveryMode(row[0]), GroupState(row[2])) for row in rows}
        return tuple(tuple(row) for row in rows)

    def explore(self) -> None:
        place = self.here()
        if place in self.been or len(place) > 1 or _explored_when_shipped(place):
            return  # mixtures, after an edit, are for the other test
        self.been.add(place)
        before, rows = self.walker.digest(), self.walker.rows()
        for call in OF_ORDERS:
            for pick in range(len(rows[call.scope.table])):
                for way in range(call.ways):
                    now = self.walker.now(call, pick, way, rows)
                    if now is not None:
                        self._try(call, now, before)
        self._let_time_pass()

    def _try(self, call: Call, now: Now, before: Mapping[str, str]) -> None:
        world = self.walker.world
        with world.taken_back():
            if not self.walker.call(call, now, before, keep=True):
                self.explore()

    def _let_time_pass(self) -> None:
        world = self.walker.world
        with world.taken_back():
            world.do(world.stage.make_due("order_pickup", "collect_until"))
            world.do(world.stage.tick())
            assert world.broken() == []
            self.explore()


@pytest.mark.slow
@pytest.mark.repetitive
@pytest.mark.timeout(600)
def test_every_call_from_every_state(ground: Ground) -> None:
    with ground.walker() as walker:
        explorer = Explorer(walker)
        for name in WISHES if IS_LONG else SHIPPED:
            with walker.world.taken_back():
                place_one(walker.world, name, WISHES[name])
                explorer.explore()
    if not IS_LONG:
        assert {(DeliveryMode.SHIP, state) for state in WITH_CUSTOMER} & explorer.states
        return
    for mode in set(DeliveryMode) - NOT_THROUGH_THE_API.keys():
        reached = {state for each, state in explorer.states if each is mode}
        missing = reachable_states(mode) - NOT_HERE - ELSEWHERE.get(mode, set()) - reached
        assert not missing, (mode, missing)
    names = {call.name for call in OF_ORDERS}
    done = {name for name, code in walker.seen if not code}
    refused = {name for name, code in walker.seen if code}
    # A hold leads to no other state of the units; what staff ask for is authorised.
    assert names - done == {"releaseHold", "authoriseReturn"}
    assert names - refused == {"recordTrackingEvent"}  # what is late is recorded too


def place_one(world: World, name: str, wish: Mapping[str, Any]) -> None:
    """The only order, of one unit."""
    if name.endswith("later"):
        none = {"sku": "SCARF", "locationId": location_id("ROME"), "safetyStock": 9}
        world.do(world.stage.do(ADMIN, "setSafetyStock", "SetSafetyStockInput", "", **none))
    actor = [ROME_TILL] if name == "taken away" else []
    world.do(world.stage.place(*actor, **wish))


NUMBER = st.integers(0, 60)
EXAMPLES = max(10, int(os.environ.get("UNICO_STATEFUL_EXAMPLES", "20")) // 5)


@pytest.mark.slow
@pytest.mark.repetitive
@pytest.mark.timeout(600)
def test_any_call_from_any_mixture(ground: Ground) -> None:
    starts: Counter[int] = Counter()  # by how many kinds of units there are

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.generate],
    )
    @given(
        st.lists(NUMBER, min_size=2, max_size=4),
        st.lists(NUMBER, max_size=16),
        st.lists(st.tuples(st.sampled_from(CALLS), NUMBER, NUMBER), min_size=12, max_size=12),
    )
    def walk(orders: list[int], steps: list[int], tries: list[tuple[Call, int, int]]) -> None:
        with ground.walker() as walker:
            for number in orders:
                place(walker, number)
            for number in steps:
                go_on(walker, number)
            mixtures = {tuple(row[:3]) for row in walker.world.rows(STATE)}
            starts[len(mixtures)] += 1
            event(f"{len(mixtures)} kinds of units")
            for call, pick, way in tries:
                now = walker.now(call, pick, way)
                if now is not None:
                    code = walker.call(call, now, walker.digest(), keep=way % 2 == 0)
                    event(f"{call.name}: {code or 'done'}")

    walk()
    assert any(starts[kinds] for kinds in starts if kinds > 1), starts


def place(walker: Walker, number: int) -> None:
    """One more order, of several units, unless it is refused."""
    call = BY_NAME["placeOrder"]
    now = walker.now(call, number, number // 7)
    assert now is not None
    walker.call(call, now, walker.digest(), keep=True)


def go_on(walker: Walker, number: int) -> None:
    """One step that the table allows, if any."""
    ways = walker.open_calls(number)
    if ways:
        name = sorted(ways)[number % len(ways)]
        call, now = ways[name][number // 7 % len(ways[name])]
        walker.call(call, now, walker.digest(), keep=True)
