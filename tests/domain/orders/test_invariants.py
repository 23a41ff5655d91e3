"""The oracle sees what is broken, and nothing in a sound shop."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders.invariants import invariant_violations
from tests.support.packed_order import placed
from tests.support.shop import open_shop

pytestmark = pytest.mark.usefixtures("clean_database")

BREAKS = {
    "ALLOCATIONS LEDGER": "update stock_level set allocated = allocated + 1 where sku = 'HAT'",
    "QUANTITIES": "update order_line set ordered_quantity = 9",
    "HISTORY": "update sales_order set version = version + 1",
    "LIFE": "update sales_order set status = 'CLOSED'",
    "MONEY": "update sales_order set excess_minor = 5, updated_at = now() - interval '1 hour'",
    "EVENTS": "update stock_level set version = version + 1",
    "RESERVATIONS LEDGER": "update stock_level set reserved = reserved + 1 where sku = 'HAT'",
    "ALLOCATIONS LIFE": "update line_group set state = 'COLLECTED'",
}


@pytest.mark.parametrize("kinds", BREAKS)
async def test_each_broken_rule_is_seen(engine: AsyncEngine, kinds: str) -> None:
    shop = await open_shop(engine, {"HAT": {"ROME": 5}})
    await placed(shop, {"HAT": 2})
    assert await shop.database.read(invariant_violations) == []
    async with engine.begin() as connection:
        await connection.execute(sa.text(BREAKS[kinds]))
    found = {each.kind for each in await shop.database.read(invariant_violations)}
    assert found == set(kinds.split())
