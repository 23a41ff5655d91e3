"""What finance sees of the books, through the API."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from domain.accounting.tables import books
from tests.support.actors import FINANCE
from tests.support.stage import Stage

CLOSED = """... on CloseDayPayload { dailyClose { businessDate
  cash { expected { amount } counted { amount } tills { till } }
  totals { account debit { amount } credit { amount } }
  differences { kind subject expected { amount } found { amount } } } }
  ... on DayAlreadyClosedError { businessDate }"""
DOCUMENT = """number kind orderNumber total { amount } tax { amount } corrects dueOn url
  lines { kind sku quantity gross { amount } } taxes { rate net { amount } tax { amount } }"""


async def balances(stage: Stage) -> dict[str, str]:
    """The balances of the ledger by account."""
    found = await stage.api.do(FINANCE, "{ ledgerBalances { account balance { amount } } }")
    return {each["account"]: each["balance"]["amount"] for each in found}


async def invoices_of(stage: Stage, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The invoices and credit notes of an order, after all that are due were issued."""
    await stage.tick()
    seen = await stage.order(order["id"], f"invoices {{ {DOCUMENT} }}", FINANCE)
    return seen["invoices"]


async def close(stage: Stage, day: str, /, **given: Any) -> dict[str, Any]:
    """What closeDay answers."""
    return await stage.do(FINANCE, "closeDay", "CloseDayInput", CLOSED, businessDate=day, **given)


async def live_in(stage: Stage, time_zone: str) -> None:
    """Business days end by that time zone from now on."""
    async with stage.engine.begin() as connection:
        await connection.execute(sa.update(books).values(time_zone=time_zone))
