"""What is executed once for many says the same as graphql-core says with its own executor."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, cast
from uuid import uuid4

import orjson
import pytest
from graphql import ExecutionResult, GraphQLObjectType
from graphql.execution import map_source_to_response_event
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.faults import shown
from app.known_documents import Known
from app.live.sharing import Shared, Sharing
from app.schema import Schema, build_schema
from app.settings import load_settings
from domain.common.ids import CustomerId, Sku
from domain.customers.notes import AddCustomerNote, add_customer_note
from domain.events.log import Commit, LogReader
from domain.identity.model import Actor
from domain.imports.model import ImportJobId
from domain.orders.model import Order
from domain.stock.bins import SetStockBin, set_stock_bin
from domain.trials.model import SimulationId
from schema.context import Context, Services
from schema.live import ResyncReason
from tests.support.live_audience import (
    OLGA,
    import_taken,
    import_went_on,
    simulation_asked,
    simulation_went_on,
)
from tests.support.packed_order import packed, placed, ship, shipping
from tests.support.random_subscriptions import Argument, Asked, SubscriptionDocuments
from tests.support.road import Road, running_road
from tests.support.shared_live import goods_brought_back, hold_changed
from tests.support.shop import (
    ADMIN,
    AGENT,
    ROME,
    ROME_MANAGER,
    ROME_TILL,
    WEB_SHOP,
    Shop,
    customer,
    open_shop,
)
from tests.support.stage import gid
from tests.support.stock import stock_up
from tests.support.waiting import until

DOCUMENTS = 800
SEEDS = range(4)


@dataclass(frozen=True, slots=True)
class Record:
    """The schema over a shop in which much has happened."""

    schema: Schema
    services: Services
    order: Order
    job: ImportJobId
    simulation: SimulationId
    commits: Sequence[Commit]

    def arguments(self, name: str) -> list[Argument]:
        """Arguments with which everything that happened is seen."""
        key = gid("Order", self.order.id)
        return {
            "stockChanged": [
                Argument("locationIds", "[ID!]!", [gid("Location", ROME)]),
                Argument("skus", "[String!]", ["HAT", "SCARF"]),
            ],
            "orderChanged": [Argument("orderId", "ID", key)],
            "workQueueChanged": [Argument("locationId", "ID!", gid("Location", ROME))],
            "returnsChanged": [Argument("locationId", "ID!", gid("Location", ROME))],
            "customerActivity": [
                Argument("customerId", "ID!", gid("Customer", self.order.customer_id))
            ],
            "importJobChanged": [Argument("jobId", "ID!", gid("ImportJob", self.job))],
            "sourcingSimulationChanged": [
                Argument("id", "ID!", gid("SourcingSimulation", self.simulation))
            ],
        }[name]

    def callers(self, name: str) -> Sequence[Actor]:
        """Who may use the field."""
        me = customer(self.order.customer_id)
        return {
            "stockChanged": (ADMIN, ROME_TILL, WEB_SHOP, WEB_SHOP),
            "orderChanged": (ADMIN, ROME_TILL, WEB_SHOP, me),
            "workQueueChanged": (ADMIN, ROME_TILL, ROME_MANAGER),
            "returnsChanged": (ADMIN, ROME_TILL, ROME_MANAGER),
            "customerActivity": (ADMIN, AGENT, me),
            "importJobChanged": (ADMIN, OLGA),
            "sourcingSimulationChanged": (ADMIN, OLGA),
        }[name]

    def context(self, actor: Actor) -> Context:
        return Context(self.services, actor, correlation_id="test", websocket=True)

    async def payloads(self, shared: Shared) -> list[Any]:
        """All that the feed can show of what happened."""
        feed = shared.stream.feed
        states = await self.services.database.snapshot(feed.snapshot)
        found = [
            feed.show_snapshot(states[:1], "half", False),
            feed.show_snapshot(states, "whole", True),
            feed.show_snapshot([], "empty", True),
            *(feed.show_resync(reason, "resync") for reason in ResyncReason),
        ]
        for commit in self.commits:
            events = [each for each in commit.events if {*each.topics} & {*feed.topics}]
            if wanted := feed.wanted(events):
                found.append(feed.show_changes(wanted, str(commit.last_seq)))
        return found


@pytest.fixture
async def road(clean_database: str, clean_redis: str) -> AsyncGenerator[Road]:
    async with running_road(clean_database, clean_redis) as road:
        yield road


@pytest.fixture
async def record(engine: AsyncEngine, road: Road) -> Record:
    made = await open_shop(engine, {"HAT": {"ROME": 50}, "SCARF": {"ROME": 50}})
    shop = Shop(road.database, made.gateway)
    order = await much_happens(shop, engine)
    job = await import_taken(shop.database)
    for _ in range(3):
        await import_went_on(shop.database, job)
    simulation = await simulation_asked(shop.database)
    for _ in range(3):
        await simulation_went_on(shop.database, simulation)
    await until(lambda: _is_sequenced(road))
    reader = LogReader(road.database, 0)
    commits: list[Commit] = []
    while reader.seq < road.hub.last_seq:
        commits += (await reader.next_page())[0]
    services = Services(road.database, shop.gateway, shop.terms, road.hub)
    return Record(build_schema(load_settings()), services, order, job, simulation, commits)


async def _is_sequenced(road: Road) -> bool:
    position = await road.database.read_primary(_last_commit)
    return position == road.hub.last_seq


async def _last_commit(connection: Any) -> int:
    query = """SELECT CASE WHEN EXISTS (SELECT FROM outbox) THEN -1 ELSE last_seq END
        FROM sequencer_state"""
    return (await connection.exec_driver_sql(query)).scalar_one()


async def much_happens(shop: Shop, engine: AsyncEngine) -> Order:
    """An order that was held, released, packed and shipped, goods in bins and brought back, and a
    note.
    """
    given = SetStockBin(uuid4().hex, Sku("HAT"), ROME, "A", "17")
    await shop.database.run(lambda tx: set_stock_bin(tx, ADMIN, given), actor_key=ADMIN.key)
    ready = await packed(shop, {"HAT": 2, "SCARF": 1})
    await ship(shop, shipping(ready))
    open_order = await placed(shop, {"SCARF": 1})
    await hold_changed(shop, open_order.id, on=True)
    await hold_changed(shop, open_order.id, on=False)
    note = AddCustomerNote(uuid4().hex, CustomerId(ready.customer_id), "calls on Mondays")
    await shop.database.run(
        lambda tx: add_customer_note(tx, note, actor=AGENT), actor_key=AGENT.key
    )
    await stock_up(engine, 3, "HAT", "SCARF")
    for _ in range(3):
        await goods_brought_back(shop)
    return ready


async def by_reference(
    schema: Schema, asked: Asked, context: Context, payloads: Sequence[Any]
) -> list[bytes]:
    """The bodies that Strawberry's default executor makes of the payloads, with masked errors."""
    known = schema.documents.known(asked.text)
    assert isinstance(known, Known), known
    executor = StrawberryGraphQLCoreExecutionContext.build(
        schema._schema,  # pyright: ignore[reportPrivateUsage]
        known.document,
        context_value=context,
        raw_variable_values=asked.variables,
        operation_name=asked.operation_name,
    )
    assert not isinstance(executor, list), executor

    async def source() -> AsyncGenerator[Any]:
        for payload in payloads:
            yield payload

    results = map_source_to_response_event(cast(Any, executor), source())
    return [_encoded(result) async for result in results]


def _encoded(result: ExecutionResult) -> bytes:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [shown(error, "test").formatted for error in result.errors]
    return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)


async def rendered(shared: Shared, payloads: Sequence[Any]) -> list[bytes]:
    """The bodies that a cohort makes of them."""
    render = shared.render()
    bodies = [render(payload) for payload in payloads]
    return [body if isinstance(body, bytes) else await body for body in bodies]


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_subscriptions_get_the_bytes_of_the_reference(
    record: Record, seed: int
) -> None:
    random = Random(seed)
    schema: Any = record.schema._schema  # pyright: ignore[reportPrivateUsage]
    root: GraphQLObjectType = schema.subscription_type
    documents = SubscriptionDocuments(schema, random)
    done = 0
    while done < DOCUMENTS // len(SEEDS):
        name = list(root.fields)[done % len(root.fields)]
        asked = documents.subscription(name, record.arguments(name))
        if not isinstance(record.schema.documents.known(asked.text), Known):
            continue  # more of everything than one document may have
        await same_bytes(record, name, asked, random.choice(record.callers(name)))
        done += 1


async def same_bytes(record: Record, name: str, asked: Asked, actor: Actor) -> list[bytes]:
    """The bodies, which are those of the reference."""
    context = record.context(actor)
    shared = await Sharing(record.schema).admit(
        asked.text, asked.variables, asked.operation_name, context
    )
    assert shared is not None, asked
    payloads = await record.payloads(shared)
    assert len(payloads) > 8, name
    bodies = await rendered(shared, payloads)
    assert bodies == await by_reference(record.schema, asked, context, payloads), asked
    return bodies


async def test_fields_that_are_awaited_or_refused_are_those_of_the_reference(
    record: Record,
) -> None:
    asked = {
        "stockChanged": """subscription($places: [ID!]!) { stockChanged(locationIds: $places) {
          levels { sku bin { bin zone } } } }""",
        "workQueueChanged": """subscription($place: ID!) { workQueueChanged(locationId: $place) {
          items { lines { sku bin { bin } x: bin { zone } } status } } }""",
    }
    place = gid("Location", ROME)
    for name, text in asked.items():
        for actor in record.callers(name):
            given = Asked(text, {"place": place, "places": [place]}, None)
            bodies = b"".join(await same_bytes(record, name, given, actor))
            assert (b'"bin":"17"' in bodies) == (actor is not WEB_SHOP)
            assert (b'"FORBIDDEN"' in bodies) == (actor is WEB_SHOP)


async def test_what_the_reference_refuses_is_not_admitted(record: Record) -> None:
    sharing = Sharing(record.schema)
    texts = {
        "subscription($a: [ID!]!) { stockChanged(locationIds: $a) { kind } }": {},
        "subscription($a: [ID!]!) { stockChanged(locationIds: $a) { cursor } }": {"a": [None]},
        'subscription { stockChanged(locationIds: ["x"]) { kind } }': {},
        "subscription { stockChanged { kind } }": {},
        "query { viewer { role } }": {},
        "subscription A { stockChanged { kind } } subscription B { stockChanged { kind } }": {},
    }
    for text, variables in texts.items():
        assert await sharing.admit(text, variables, None, record.context(ADMIN)) is None, text


async def test_equal_requests_have_equal_keys_and_other_ones_do_not(record: Record) -> None:
    sharing, schema = Sharing(record.schema), record.schema._schema  # pyright: ignore[reportPrivateUsage]
    documents = SubscriptionDocuments(schema, Random(11))
    keys: dict[Any, tuple[str, bytes]] = {}
    for _ in range(60):
        name = "workQueueChanged"
        asked = documents.subscription(name, record.arguments(name))
        if not isinstance(record.schema.documents.known(asked.text), Known):
            continue
        for actor in (ADMIN, ROME_TILL, ROME_MANAGER):
            found = [
                await sharing.admit(asked.text, given, asked.operation_name, record.context(actor))
                for given in (asked.variables, dict(reversed(asked.variables.items())))
            ]
            assert found[0] is not None
            assert found[1] is not None
            assert found[0].key == found[1].key
            told = (f"{asked.text} {actor} {asked.operation_name}", orjson.dumps(asked.variables))
            assert keys.setdefault(found[0].key, told) == told
