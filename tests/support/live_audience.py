"""Who watches what in the tests of isolation: a case for each subscription field."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from domain.common.database import Database
from domain.common.ids import new_id
from domain.common.transaction import Tx
from domain.customers.model import GivenCustomer
from domain.events.outbox import publish
from domain.identity.model import Actor, Role
from domain.imports.events import job_changed
from domain.imports.model import ImportJobId
from domain.imports.repository import JOB_COLUMNS, job_of
from domain.imports.tables import import_job
from domain.orders.model import Order
from domain.sourcing.rules.commands import CreateRuleSet, SaveRuleSetDraft
from domain.sourcing.rules.drafting import create_rule_set, save_rule_set_draft
from domain.sourcing.rules.model import DEFAULT_TIME_ZONE
from domain.trials.asking import simulate_rule_set
from domain.trials.commands import SimulateRuleSet
from domain.trials.model import SimulationId
from domain.trials.saving import changed
from domain.trials.tables import sourcing_simulation
from subscriptions.feed import Scope
from tests.support.api import Api, LiveSocket
from tests.support.packed_order import placed
from tests.support.shared_live import (
    goods_brought_back,
    goods_came,
    hold_changed,
    payload_of,
    token_of,
)
from tests.support.shop import (
    ADMIN,
    AGENT,
    MILAN,
    MILAN_TILL,
    ROME,
    ROME_MANAGER,
    ROME_TILL,
    WEB_SHOP,
    Shop,
    customer,
)
from tests.support.stage import gid

OTHER_TILL = Actor("till-9", Role.POS, location_ids=frozenset({ROME}))
BOTH_TILL = Actor("till-1", Role.POS, location_ids=frozenset({ROME, MILAN}))
ROME_PICKER = Actor("till-1", Role.WAREHOUSE, location_ids=frozenset({ROME}))
NO_SHOP = Actor("web-shop", Role.CHANNEL)
OLGA, OTTO = Actor("olga", Role.OPERATIONS), Actor("otto", Role.OPERATIONS)


@dataclass(frozen=True, slots=True)
class World:
    """A shop with an order of Ada's, which Rome serves, one of Bea's, an import, and a simulation
    of a rule set.
    """

    shop: Shop
    ada: Order
    bea: Order
    job: ImportJobId
    simulation: SimulationId

    def actor(self, who: Actor | str) -> Actor:
        """The actor; customers go by their names."""
        orders = {"ada": self.ada, "bea": self.bea}
        return customer(orders[who].customer_id) if isinstance(who, str) else who


Who = Actor | str


@dataclass(frozen=True, slots=True)
class Case:
    """A subscription field, who may use it with these variables, and who may not."""

    document: str
    variables: Callable[[World], Mapping[str, Any]]
    change: Callable[[World, int], Awaitable[None]]
    scope: Scope
    equal: tuple[Who, Who]
    """Callers with equal rights: they share."""
    others: Sequence[Who]
    """Callers who see it too, each with rights of their own."""
    refused: Mapping[Who, str]
    """Callers who must not see it, with the code of their refusal."""


async def more_stock(world: World, _: int) -> None:
    await goods_came(world.shop)


async def toggled(world: World, number: int) -> None:
    await hold_changed(world.shop, world.ada.id, on=number % 2 == 0)


async def another_order(world: World, _: int) -> None:
    await placed(world.shop, {"HAT": 1})


async def one_more_return(world: World, _: int) -> None:
    await goods_brought_back(world.shop)


async def one_more_row(world: World, _: int) -> None:
    await import_went_on(world.shop.database, world.job)


async def one_more_decision(world: World, _: int) -> None:
    await simulation_went_on(world.shop.database, world.simulation)


CASES = {
    "stockChanged": Case(
        "subscription($places: [ID!]!) { stockChanged(locationIds: $places) {"
        " kind levels { sku onHand version } } }",
        lambda _: {"places": [gid("Location", ROME)]},
        more_stock,
        Scope.LOCATION,
        (ROME_TILL, OTHER_TILL),
        (ADMIN, AGENT, ROME_MANAGER, ROME_PICKER, BOTH_TILL, WEB_SHOP),
        {MILAN_TILL: "FORBIDDEN", NO_SHOP: "FORBIDDEN", "ada": "FORBIDDEN"},
    ),
    "workQueueChanged": Case(
        "subscription($place: ID!) { workQueueChanged(locationId: $place) {"
        " kind items { orderNumber version } } }",
        lambda _: {"place": gid("Location", ROME)},
        another_order,
        Scope.LOCATION,
        (ROME_TILL, OTHER_TILL),
        (ADMIN, ROME_MANAGER, ROME_PICKER, BOTH_TILL),
        {MILAN_TILL: "FORBIDDEN", AGENT: "FORBIDDEN", WEB_SHOP: "FORBIDDEN", "ada": "FORBIDDEN"},
    ),
    "returnsChanged": Case(
        "subscription($place: ID!) { returnsChanged(locationId: $place) {"
        " kind returns { number version } } }",
        lambda _: {"place": gid("Location", ROME)},
        one_more_return,
        Scope.LOCATION,
        (ROME_TILL, OTHER_TILL),
        (ADMIN, ROME_MANAGER, ROME_PICKER, BOTH_TILL),
        {MILAN_TILL: "FORBIDDEN", AGENT: "FORBIDDEN", WEB_SHOP: "FORBIDDEN", "ada": "FORBIDDEN"},
    ),
    "orderChanged": Case(
        "subscription($id: ID!) { orderChanged(orderId: $id) {"
        " kind changes { number version holds } } }",
        lambda world: {"id": gid("Order", world.ada.id)},
        toggled,
        Scope.PRINCIPAL,
        ("ada", "ada"),
        (ADMIN, AGENT, ROME_TILL, OTHER_TILL, ROME_PICKER, WEB_SHOP),
        {"bea": "NOT_FOUND", MILAN_TILL: "NOT_FOUND", NO_SHOP: "NOT_FOUND"},
    ),
    "customerActivity": Case(
        "subscription($id: ID!) { customerActivity(customerId: $id) {"
        " kind orders { number version } } }",
        lambda world: {"id": gid("Customer", world.ada.customer_id)},
        toggled,
        Scope.PRINCIPAL,
        ("ada", "ada"),
        (ADMIN, AGENT),
        {"bea": "NOT_FOUND", ROME_TILL: "FORBIDDEN", WEB_SHOP: "FORBIDDEN"},
    ),
    "importJobChanged": Case(
        "subscription($id: ID!) { importJobChanged(jobId: $id) { kind jobs { version applied } } }",
        lambda world: {"id": gid("ImportJob", world.job)},
        one_more_row,
        Scope.PRINCIPAL,
        (OLGA, OLGA),
        (OTTO, ADMIN),
        {AGENT: "FORBIDDEN", ROME_TILL: "FORBIDDEN", WEB_SHOP: "FORBIDDEN", "ada": "FORBIDDEN"},
    ),
    "sourcingSimulationChanged": Case(
        "subscription($id: ID!) { sourcingSimulationChanged(id: $id) {"
        " kind simulations { version done } } }",
        lambda world: {"id": gid("SourcingSimulation", world.simulation)},
        one_more_decision,
        Scope.PRINCIPAL,
        (OLGA, OLGA),
        (OTTO, ADMIN),
        {AGENT: "FORBIDDEN", ROME_TILL: "FORBIDDEN", WEB_SHOP: "FORBIDDEN", "ada": "FORBIDDEN"},
    ),
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Clients of one case, by the ids of their operations."""

    api: Api
    world: World
    case: Case
    stack: AsyncExitStack

    async def enter(self, who: Who, name: str, token: str | None = None) -> LiveSocket:
        """A socket of that caller which has subscribed."""
        token = token or token_of(self.api, self.world.actor(who))
        socket = await self.stack.enter_async_context(self.api.socket(token))
        await socket.subscribe(self.case.document, self.case.variables(self.world), name=name)
        return socket

    async def watch(self, who: Who, name: str, token: str | None = None) -> LiveSocket:
        """As `enter`; it has got a snapshot."""
        socket = await self.enter(who, name, token)
        assert (await payload_of(socket, name))["kind"] == "SNAPSHOT"
        return socket

    async def refuse(self, who: Who, code: str, name: str) -> LiveSocket:
        """As `enter`, but it is refused with that code."""
        socket = await self.enter(who, name)
        answer = await socket.receive()
        assert (answer["type"], answer["id"]) == ("error", name), answer
        assert [each["extensions"]["code"] for each in answer["payload"]] == [code]
        return socket


async def build_world(shop: Shop) -> World:
    """The world, in a shop that has no orders yet."""
    ada = await placed(shop, {"HAT": 1}, customer=GivenCustomer(email="ada@example.com"))
    bea = await placed(shop, {"HAT": 1}, customer=GivenCustomer(email="bea@example.com"))
    job, simulation = await import_taken(shop.database), await simulation_asked(shop.database)
    return World(shop, ada, bea, job, simulation)


async def import_taken(database: Database) -> ImportJobId:
    """An import that nobody works on."""
    job_id, now = ImportJobId(new_id()), sa.func.now()
    counts = {"rows_read": 1_000, "applied": 0, "unchanged": 0, "quarantined": 0, "version": 1}
    row = {
        **counts,
        "id": job_id,
        "kind": "STOCK",
        "status": "SUCCEEDED",
        "name": "counts.csv",
        "content_hash": "0" * 64,
        "size_bytes": 1,
        "as_of": now,
        "is_snapshot": False,
        "requested_by": OLGA.key,
        "columns": [],
        "created_at": now,
        "updated_at": now,
    }
    async with database.writes.begin() as connection:
        await connection.execute(sa.insert(import_job).values(row))
    return job_id


async def import_went_on(database: Database, job_id: ImportJobId) -> None:
    """One more row of the import was applied."""

    async def work(tx: Tx) -> None:
        c = import_job.c
        changed = await tx.connection.execute(
            sa.update(import_job)
            .where(c.id == job_id)
            .values(applied=c.applied + 1, version=c.version + 1)
            .returning(*JOB_COLUMNS)
        )
        await publish(tx, job_changed(job_of(changed.one())))

    await database.run(work, actor_key=OLGA.key)


async def simulation_asked(database: Database) -> SimulationId:
    """A simulation that nobody works on."""

    async def work(tx: Tx) -> SimulationId:
        made = await create_rule_set(tx, OLGA, CreateRuleSet("1", "Stores first"))
        await save_rule_set_draft(
            tx, OLGA, SaveRuleSetDraft("2", made.rule_set_id, ()), DEFAULT_TIME_ZONE
        )
        now = await tx.now()
        period = SimulateRuleSet("3", made.rule_set_id, now - timedelta(days=1), now)
        return (await simulate_rule_set(tx, OLGA, period)).simulation_id

    return await database.run(work, actor_key=OLGA.key)


async def simulation_went_on(database: Database, simulation_id: SimulationId) -> None:
    """One more decision was looked at."""
    c = sourcing_simulation.c
    await database.run(
        lambda tx: changed(tx, c.id == simulation_id, done=c.done + 1), actor_key=OLGA.key
    )
