"""Same document, other caller, other data: live and read; and history in few statements."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import CustomerId
from domain.common.tables import idempotency_key
from domain.customers.model import GivenCustomer
from domain.identity.model import Role
from domain.orders.checkout import place_order
from domain.orders.commands import ChangeHold, ChangeOrder
from domain.orders.holding import hold_order
from domain.orders.states import Hold
from domain.orders.work import release_order
from domain.shipments.tables import shipment
from schema.ids import global_id
from tests.support.api import Api, serving, settings_for
from tests.support.packed_order import packed, ship, shipping
from tests.support.shop import ADMIN, MILAN, ROME, Shop, open_shop, order
from tests.support.statements import counted_statements

WATCH_ORDER = """subscription($id: ID!) { orderChanged(orderId: $id) {
  kind changes { number version holds } } }"""
WATCH_ME = """subscription($id: ID!) { customerActivity(customerId: $id) {
  kind orders { number } } }"""
WATCH_QUEUE = """subscription($id: ID!) { workQueueChanged(locationId: $id) {
  kind items { orderNumber } } }"""
HISTORY = """query($email: String!) { customer(email: $email) {
  orders(first: 50) { pageInfo { hasNextPage } edges { node { number
    lines { sku orderedQuantity groups { state quantity } }
    shipments { carrier status parcels { trackingNumber } } } } } } }"""


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, {"HAT": {"ROME": 100, "MILAN": 100}})


@pytest.fixture
async def api(
    shop: Shop, clean_database: str, clean_redis: str, tmp_path: Path
) -> AsyncGenerator[Api]:
    async with serving(
        settings_for(clean_database, clean_redis, tmp_path, housekeeping=False)
    ) as opened:
        yield opened


async def bought(shop: Shop, name: str, **wish: Any) -> Any:
    """A confirmed order of a customer of that name."""
    given = order(customer=GivenCustomer(email=f"{name}@example.com"), **wish)
    placed = await place_order(shop.till(), given)
    row = sa.text(f"select id, number, customer_id from sales_order where id = '{placed.order_id}'")
    async with shop.database.reads.connect() as connection:
        return (await connection.execute(row)).one()


async def test_two_customers_with_one_document_see_only_their_own_order(
    api: Api, shop: Shop
) -> None:
    ada, bea = await bought(shop, "ada"), await bought(shop, "bea")
    tokens = [
        api.token(Role.CUSTOMER, customer=CustomerId(each.customer_id)) for each in (ada, bea)
    ]
    async with api.socket(tokens[0]) as hers, api.socket(tokens[1]) as other:
        for socket, mine, foreign in ((hers, ada, bea), (other, bea, ada)):
            await socket.subscribe(WATCH_ORDER, {"id": str(global_id("Order", foreign.id))})
            refused = await socket.receive()
            assert refused["type"] in ("next", "error")
            assert "NOT_FOUND" in str(refused), refused
            if refused["type"] == "next":
                assert (await socket.receive())["type"] == "complete"
            await socket.subscribe(WATCH_ORDER, {"id": str(global_id("Order", mine.id))}, name="2")
            snapshot = (await socket.receive())["payload"]["data"]["orderChanged"]
            assert [each["number"] for each in snapshot["changes"]] == [mine.number]
        for each in (ada, bea):
            command = ChangeHold(f"hold-{each.number}", each.id, Hold.FRAUD)
            await shop.database.run(
                lambda tx, c=command: hold_order(tx, ADMIN, c), actor_key=ADMIN.key
            )
        for socket, mine in ((hers, ada), (other, bea)):
            change = (await socket.receive())["payload"]["data"]["orderChanged"]
            assert change["changes"] == [{"number": mine.number, "version": 3, "holds": ["FRAUD"]}]


async def test_a_customer_cannot_watch_another(api: Api, shop: Shop) -> None:
    ada, bea = await bought(shop, "ada"), await bought(shop, "bea")
    token = api.token(Role.CUSTOMER, customer=CustomerId(ada.customer_id))
    async with api.socket(token) as socket:
        await socket.subscribe(WATCH_ME, {"id": str(global_id("Customer", bea.customer_id))})
        answer = await socket.receive()
        assert "NOT_FOUND" in str(answer) or "FORBIDDEN" in str(answer), answer


async def test_a_till_is_refused_the_queue_of_another_store(api: Api, shop: Shop) -> None:
    sold = await bought(shop, "ada")
    release = ChangeOrder("release", sold.id)
    await shop.database.run(lambda tx: release_order(tx, ADMIN, release), actor_key=ADMIN.key)
    before = await shop.rows(sa.select(idempotency_key))
    till = api.token(Role.POS, locations=(MILAN,))
    place = {"id": str(global_id("Location", ROME))}
    async with api.socket(till) as socket:
        await socket.subscribe(WATCH_QUEUE, place)
        assert "FORBIDDEN" in str(await socket.receive())
    answer = await api.post(
        "query($id: ID!) { workQueue(locationId: $id) { id } }", place, token=till
    )
    assert answer.codes == ["FORBIDDEN"]
    assert await shop.rows(sa.select(idempotency_key)) == before
    async with api.socket(api.token(Role.POS, locations=(ROME,))) as socket:
        await socket.subscribe(WATCH_QUEUE, place)
        queue = (await socket.receive())["payload"]["data"]["workQueueChanged"]
        assert [each["orderNumber"] for each in queue["items"]] == [sold.number]


async def test_history_of_50_orders_takes_at_most_4_statements(api: Api, shop: Shop) -> None:
    for _ in range(50):
        await bought(shop, "ada")
    shipped = await packed(shop, {"HAT": 1}, customer=GivenCustomer(email="ada@example.com"))
    await ship(shop, shipping(shipped))
    assert await shop.scalar(sa.select(sa.func.count()).select_from(shipment)) == 1
    token = api.token(Role.CALL_CENTER)
    reads = api.resources.services.database.reads
    with counted_statements(reads) as statements:
        answer = await api.post(HISTORY, {"email": "ada@example.com"}, token=token)
    page = answer.data["customer"]["orders"]
    assert len(page["edges"]) == 50
    assert page["pageInfo"]["hasNextPage"]
    assert sum(len(edge["node"]["shipments"]) for edge in page["edges"]) == 1
    assert len(statements) <= 4, statements
