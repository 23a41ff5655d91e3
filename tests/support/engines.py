"""Order engines for tests, each with connections of its own, as a worker has them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from domain.common.database import Database, write_engine
from domain.identity.model import Actor
from domain.orders.batching.engine import LANES, LOCK_TIMEOUT, OrderEngine
from domain.orders.checkout import place_order
from domain.orders.commands import PlaceOrder
from domain.orders.results import Placed
from tests.support.shop import WEB_SHOP, Shop


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
