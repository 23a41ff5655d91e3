"""Gift cards and store credit through the API: kept once, corrected by finance, in the ledger."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounting.tables import journal_entry, journal_transaction
from domain.vouchers.tables import voucher, voucher_entry
from tests.support.actors import FINANCE
from tests.support.mutations import everything
from tests.support.stage import NOBODY, Stage, gid, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")

CARD = "giftCard { id version balance { amount currency } lastFour expiresAt }"
ISSUED = f"... on IssueGiftCardPayload {{ giftCardCode {CARD} }}"
VOUCHER = "... on VoucherPayload { voucher { id version balance { amount } cancelledAt } }"
REFUSED = " ... on TenderRefusedError { refusal available { amount } }"


def eur(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


async def issue(stage: Stage, **given: Any) -> Any:
    given.setdefault("amount", eur("10.00"))
    return await stage.do(FINANCE, "issueGiftCard", "IssueGiftCardInput", ISSUED, **given)


async def change(stage: Stage, name: str, **given: Any) -> Any:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return await stage.do(FINANCE, name, kind, VOUCHER + REFUSED, **given)


async def booked(stage: Stage) -> dict[str, int]:
    """The balances of the ledger."""
    e = journal_entry.c
    query = sa.select(e.account, sa.func.sum(e.amount_minor)).group_by(e.account)
    query = query.join(journal_transaction, journal_transaction.c.id == e.transaction_id)
    rows = await stage.shop.rows(query.where(journal_transaction.c.kind == "VOUCHER"))
    return {row[0]: int(row[1]) for row in rows if row[1]}


async def test_a_code_is_shown_once_and_never_kept(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    first = await issue(stage, idempotencyKey="k", note="for Ada")
    code = first["giftCardCode"]
    assert (len(code), code[-4:]) == (19, first["giftCard"]["lastFour"])
    after = await everything(engine)
    again = await issue(stage, idempotencyKey="k", note="for Ada")
    assert again == first | {"giftCardCode": None}
    conflict = await issue(stage, idempotencyKey="k", amount=eur("11.00"))
    assert conflict["code"] == "IDEMPOTENCY_CONFLICT"
    assert await everything(engine) == after
    async with engine.connect() as connection:
        tables = await connection.scalars(sa.text(
            "select table_name from information_schema.tables where table_schema = 'public'"
            " and table_type = 'BASE TABLE'"
        ))  # fmt: skip
        for table in tables.all():
            text = sa.text(f'select count(*) from "{table}" as t where t::text like :code')
            for form in (code, code.replace("-", "")):
                assert await connection.scalar(text, {"code": f"%{form}%"}) == 0, table
    await stage.check()


async def test_what_cannot_be_issued(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    before = await everything(engine)
    for given in (
        {"amount": eur("0.00")},
        {"amount": eur("-1.00")},
        {"amount": {"amount": "1.001", "currency": "EUR"}},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": "2030-01-01T00:00:00"},
        {"note": "4111 1111 1111 1111"},
    ):
        assert (await issue(stage, **given))["code"] == "VALIDATION_FAILED", given
    missing = await issue(stage, customerId=gid("Customer", NOBODY))
    assert missing["code"] == "NOT_FOUND"
    credit = {"customerId": gid("Customer", NOBODY), "amount": eur("1.00"), "reason": "x"}
    assert (await change(stage, "grantStoreCredit", **credit))["code"] == "NOT_FOUND"
    assert await everything(engine) == before


async def test_finance_corrects_and_ends_cards(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    card = (await issue(stage, expiresAt="2099-01-01T00:00:00Z"))["giftCard"]
    given = {"voucherId": card["id"], "reason": "counted wrong"}
    more = await change(stage, "adjustVoucher", **given, amount=eur("2.50"), expectedVersion=1)
    assert more["voucher"]["balance"]["amount"] == "12.50"
    before = await everything(engine)
    for amount, code in (("-12.51", "TENDER_REFUSED"), ("0.00", "VALIDATION_FAILED")):
        assert (await change(stage, "adjustVoucher", **given, amount=eur(amount)))["code"] == code
    stale = await change(stage, "adjustVoucher", **given, amount=eur("1.00"), expectedVersion=1)
    assert stale["code"] == "VERSION_CONFLICT"
    francs = {"amount": "1.00", "currency": "CHF"}
    assert (await change(stage, "adjustVoucher", **given, amount=francs))["code"] == (
        "VALIDATION_FAILED"
    )
    assert await everything(engine) == before
    assert await booked(stage) == {
        "VOUCHER_SALES_CLEARING": 1000, "GOODWILL": 250, "GIFT_CARD_LIABILITY": -1250,
    }  # fmt: skip
    gone = await change(stage, "cancelGiftCard", **given)
    assert gone["voucher"]["balance"]["amount"] == "0.00"
    assert (await change(stage, "cancelGiftCard", **given))["refusal"] == "CANCELLED"
    assert (await change(stage, "adjustVoucher", **given, amount=eur("1.00")))["refusal"] == (
        "CANCELLED"
    )
    assert await booked(stage) == {
        "VOUCHER_SALES_CLEARING": 1000, "GOODWILL": 250, "BREAKAGE": -1250,
    }  # fmt: skip
    document = """{ vouchers(kind: GIFT_CARD) { totalCount edges { node {
      entries { kind amount { amount } balance { amount } note } } } } }"""
    found = await stage.api.do(FINANCE, document)
    entries = found["edges"][0]["node"]["entries"]
    assert [(entry["kind"], entry["amount"]["amount"]) for entry in entries] == [
        ("ISSUE", "10.00"), ("ADJUST", "2.50"), ("CANCEL", "-12.50"),
    ]  # fmt: skip
    await stage.check()


async def test_cards_end_by_time_once(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    card = (await issue(stage, expiresAt="2099-01-01T00:00:00Z"))["giftCard"]
    await issue(stage)
    await stage.tick()
    assert await stage.shop.scalar(sa.select(sa.func.sum(voucher.c.balance_minor))) == 2000
    await stage.make_due("voucher", "expires_at", id=card["id"])
    await stage.tick()
    await stage.tick()
    kinds = await stage.shop.rows(sa.select(voucher_entry.c.kind).order_by(voucher_entry.c.seq))
    assert [row.kind for row in kinds] == ["ISSUE", "ISSUE", "EXPIRE"]
    assert (await booked(stage))["BREAKAGE"] == -1000
    await stage.check()


async def test_entries_are_not_changed(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})
    await issue(stage)
    for change_of in ("update voucher_entry set amount_minor = 1", "delete from voucher_entry"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with engine.begin() as connection:
                await connection.execute(sa.text(change_of))
