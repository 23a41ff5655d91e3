"""Order engines for tests, each with connections of its own, as a worker has them."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import sqlalchemy as sa

from domain.common.database import Database, write_engine
from domain.identity.model import Actor
from domain.orders.batching.engine import LANES, LOCK_TIMEOUT, OrderEngine
from domain.orders.checkout import place_order
from domain.orders.commands import GivenPayment, PlaceOrder
from domain.orders.results import Placed
from domain.orders.tables import sales_order
from domain.payments.model import Tender
from tests.support import stock
from tests.support.shop import WEB_SHOP, Shop, order

PAID = GivenPayment(Tender.EXTERNAL)


@contextlib.asynccontextmanager
async def engine_of(shop: Shop, *, lock_timeout: str = LOCK_TIMEOUT) -> AsyncGenerator[OrderEngine]:
    """A worker's engine; all that was asked of it is decided at the end."""
    url = shop.database.writes.url.render_as_string(hide_password=False)
    writes = write_engine(url, pool_size=LANES, lock_timeout=lock_timeout)
    try:
        engine = OrderEngine.over(shop.database, Database(writes, writes, lambda: None))
        yield engine
        await engine.drained()
    finally:
        await writes.dispose()


async def place_all(
    shop: Shop,
    commands: Sequence[PlaceOrder | tuple[Actor, PlaceOrder]],
    engine: OrderEngine | None,
) -> list[Placed | BaseException]:
    """What came of each: all at once through the engine, or one after the other without one."""
    wanted = [each if isinstance(each, tuple) else (WEB_SHOP, each) for each in commands]
    tills = [(replace(shop.till(actor), engine=engine), command) for actor, command in wanted]
    if engine is not None:
        asked = [place_order(till, command) for till, command in tills]
        return list(await asyncio.gather(*asked, return_exceptions=True))
    answers: list[Placed | BaseException] = []
    for till, command in tills:
        try:
            answers.append(await place_order(till, command))
        except Exception as error:  # noqa: BLE001 -- what a caller would see is compared
            answers.append(error)
    return answers


def wishes(number: int, sku: str = "HAT", name: str = "o", units: int = 1) -> list[PlaceOrder]:
    """So many orders, paid elsewhere."""
    return [order(f"{name}-{n}", lines={sku: units}, payment=PAID) for n in range(number)]


def kinds(answers: Sequence[object]) -> Counter[str]:
    return Counter(type(answer).__name__ for answer in answers)


async def audit(shop: Shop, *, orders: int, sku: str = "HAT", sold: int | None = None) -> None:
    """So many orders, their units allocated, every rule kept, versions of events contiguous."""
    assert await shop.scalar(sa.select(sa.func.count()).select_from(sales_order)) == orders
    level = await stock.level_at(shop.database.writes, sku)
    assert (level.allocated, level.reserved) == (orders if sold is None else sold, 0)
    assert await shop.broken_rules() == []
    versions: dict[str, list[int]] = {}
    for event in await stock.events(shop.database.writes):
        versions.setdefault(event["aggregate_id"], []).append(event["version"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
