"""The ledger, invoices and credit notes, what customers owe, and the daily close."""

import asyncio
import csv
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounting.documents import DocumentKind
from domain.accounting.exporting import HEADS, ExportFormat, JournalExport, journal_file
from domain.accounting.invoices import next_number, taken_due
from domain.accounting.model import (
    Account,
    Entry,
    JournalTransaction,
    TransactionId,
    TransactionKind,
    pair,
)
from domain.accounting.posting import post
from domain.accounting.tables import document_due, invoice, journal_transaction, receivable
from domain.common.ids import new_id
from domain.common.transaction import Tx
from domain.orders.invoicing import issue_due
from domain.orders.tables import sales_order
from domain.payments.psp_tables import psp_payout, psp_payout_line
from domain.payments.tables import payment
from schema.accounting import ACCOUNTANTS
from tests.support.actors import EVERYBODY_AND_A_CUSTOMER, FINANCE
from tests.support.books import balances, close, invoices_of, live_in
from tests.support.mutations import everything
from tests.support.returns import brought, delivered, inspect, sold
from tests.support.shop import ADMIN
from tests.support.stage import NOBODY, Stage, gid, location_id, open_stage

pytestmark = pytest.mark.usefixtures("clean_database")


async def test_an_order_from_shipping_to_return(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await stage.placed(lines={"HAT": 2})
    assert await balances(stage) == {}
    await stage.change("cancelOrder", order["id"])
    assert await balances(stage) == {}
    order = await delivered(stage, lines={"HAT": 2})
    assert await balances(stage) == {
        "PSP_CLEARING": "39.80",
        "SALES": "-32.62",
        "TAX_PAYABLE": "-7.18",
    }
    [issued] = await invoices_of(stage, order)
    assert (issued["kind"], issued["total"]["amount"]) == ("INVOICE", "39.80")
    assert issued["number"].startswith("IT")
    assert issued["number"].endswith("-INV-000001")
    assert issued["lines"] == [
        {"kind": "GOODS", "sku": "HAT", "quantity": 2, "gross": {"amount": "39.80"}}
    ]
    tax = {"rate": "0.22", "net": {"amount": "32.62"}, "tax": {"amount": "7.18"}}
    assert issued["taxes"] == [tax]

    [back] = (await brought(stage, order))["returns"]
    assert (await inspect(stage, back))["__typename"] == "ReturnPayload"
    assert await balances(stage) == {
        "PSP_CLEARING": "19.90",
        "SALES": "-16.31",
        "TAX_PAYABLE": "-3.59",
    }
    _, note = await invoices_of(stage, order)
    assert (note["kind"], note["total"]["amount"]) == ("CREDIT_NOTE", "19.90")
    assert note["number"].endswith("-CRN-000001")
    assert note["corrects"] == [issued["number"]]
    await stage.check()

    document = """query($where: InvoiceFilterInput) { invoices(where: $where, first: 1) {
      totalCount pageInfo { hasNextPage } edges { node { number } } } }"""
    page = await stage.api.do(FINANCE, document, where={"orderNumber": order["number"]})
    assert page == {
        "totalCount": 2,
        "pageInfo": {"hasNextPage": True},
        "edges": [{"node": {"number": note["number"]}}],
    }
    where = {"kind": "INVOICE", "issuedTo": "2001-01-01"}
    assert (await stage.api.do(FINANCE, document, where=where))["totalCount"] == 0


async def test_numbers_have_no_gaps_whoever_issues_and_whatever_fails(
    engine: AsyncEngine,
) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 20}})
    await asyncio.gather(*[sold(stage) for _ in range(12)])
    [(order_id, version), *_] = await stage.shop.rows(
        sa.select(document_due.c.order_id, document_due.c.order_version)
    )

    async def fails(tx: Tx) -> None:
        assert await taken_due(tx, order_id, version) is not None
        year = (await tx.now()).year
        assert await next_number(tx, "MAIN", DocumentKind.INVOICE, "IT", year) == 1
        raise ConnectionError("killed between the number and the document")

    with pytest.raises(ConnectionError):
        await stage.shop.database.run(fails, actor_key="TEST")
    issued = await asyncio.gather(*[issue_due(stage.shop.database) for _ in range(4)])
    assert sum(issued) == 12
    numbers = await stage.shop.rows(sa.select(invoice.c.sequence).order_by(invoice.c.sequence))
    assert [row.sequence for row in numbers] == list(range(1, 13))
    assert await issue_due(stage.shop.database) == 0
    await stage.check()


async def test_each_country_has_a_series_and_each_entity_its_own(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 5, "MADRID": 5}})
    given = {
        "code": "IBERIA", "prefix": "IB", "name": "Unico Iberia", "street": "Calle 1",
        "postalCode": "28013", "city": "Madrid", "country": "ES", "taxNumber": "B00",
        "countries": ["ES"], "paymentDays": 10,
    }  # fmt: skip
    selection = "... on SetLegalEntityPayload { legalEntity { code version } }"

    async def named(**changes: Any) -> dict[str, Any]:
        wanted = given | changes
        return await stage.do(FINANCE, "setLegalEntity", "SetLegalEntityInput", selection, **wanted)

    assert (await named())["legalEntity"] == {"code": "IBERIA", "version": 1}
    assert (await named(expectedVersion=7))["code"] == "VERSION_CONFLICT"
    assert (await named(expectedVersion=1, prefix="XX"))["code"] == "VALIDATION_FAILED"
    assert (await named(code="OTHER"))["code"] == "VALIDATION_FAILED"
    lonely = {"code": "MAIN", "prefix": "", "expectedVersion": 1}
    assert (await named(**lonely))["code"] == "VALIDATION_FAILED"
    madrid = {"mode": "TAKE_AWAY", "locationId": location_id("MADRID")}
    for place in ({}, {"delivery": madrid}):
        [issued] = await invoices_of(stage, await sold(stage, ADMIN, **place))
        start = "IBES" if place else "IT"
        assert issued["number"].startswith(start)
        assert issued["number"].endswith("-INV-000001")
    await stage.check()


async def test_what_is_owed_grows_old_and_is_paid(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    await stage.placed()
    who = gid("Customer", await stage.shop.scalar(sa.select(sales_order.c.customer_id)))
    limit = {"customerId": who, "limit": {"amount": "100.00", "currency": "EUR"}}
    await stage.do(FINANCE, "setCreditLimit", "SetCreditLimitInput", "", **limit)
    orders = [await delivered(stage, payment={"tender": "ON_ACCOUNT"}) for _ in range(2)]
    assert (await balances(stage))["TRADE_RECEIVABLES"] == "39.80"
    [first] = await invoices_of(stage, orders[0])
    issued = date.fromisoformat(first["dueOn"])
    async with engine.begin() as connection:
        mine = receivable.c.order_number == orders[0]["number"]
        change = sa.update(receivable).where(mine).values(due_on=issued - timedelta(days=75))
        await connection.execute(change)
    ages = """query($asOf: Date) { receivablesAgeing(asOf: $asOf) { current { amount }
      days1To30 { amount } days31To60 { amount } days61To90 { amount } over90Days { amount }
      total { amount } } }"""

    async def aged(as_of: date | None = None) -> list[str]:
        given = {"asOf": as_of.isoformat() if as_of else None}
        [found] = await stage.api.do(FINANCE, ages, **given)
        return [each["amount"] for each in found.values()]

    assert await aged() == ["19.90", "0.00", "19.90", "0.00", "0.00", "39.80"]
    assert await aged(issued + timedelta(days=20)) == [
        "0.00", "19.90", "0.00", "0.00", "19.90", "39.80",
    ]  # fmt: skip

    async def pays(amount: str) -> None:
        given = {"customerId": who, "amount": {"amount": amount, "currency": "EUR"}}
        kind = "RecordAccountPaymentInput"
        answer = await stage.do(FINANCE, "recordAccountPayment", kind, "", note="B 7", **given)
        assert answer["__typename"] == "CreditAccountPayload", answer

    await pays("25.00")
    assert await aged() == ["14.80", "0.00", "0.00", "0.00", "0.00", "14.80"]
    await pays("20.00")
    assert await aged() == ["-5.20", "0.00", "0.00", "0.00", "0.00", "-5.20"]
    third = await delivered(stage, payment={"tender": "ON_ACCOUNT"})
    await stage.tick()
    items = "{ openReceivables { orderNumber amount { amount } open { amount } } }"
    assert await stage.api.do(FINANCE, items) == [
        {"orderNumber": third["number"], "amount": {"amount": "19.90"}, "open": {"amount": "14.70"}}
    ]
    seen = await balances(stage)
    assert (seen["BANK"], seen["TRADE_RECEIVABLES"]) == ("45.00", "14.70")
    await stage.check()


async def test_a_day_is_closed_once_with_all_that_differs(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    await live_in(stage, "Etc/GMT+12")
    await sold(stage)
    await sold(stage)
    paid = await delivered(stage)
    late = await delivered(stage)
    [day] = {
        row[0] for row in await stage.shop.rows(sa.select(journal_transaction.c.business_date))
    }
    assert (await close(stage, day.isoformat()))["code"] == "VALIDATION_FAILED"
    await live_in(stage, "Pacific/Kiritimati")
    await stage.tick()
    await _paid_out(stage, paid, day)
    async with engine.begin() as connection:
        # The ledger is told of a capture that the PSP knows nothing of.
        order = (await connection.execute(
            sa.select(sales_order.c.id).where(sales_order.c.number == late["number"])
        )).scalar_one()  # fmt: skip
        wrong = pair(Account.PSP_CLEARING, Account.DEFERRED_REVENUE, 100, "EUR", order)
        await post(Tx(connection, "TEST", ""), _transaction(*wrong))
    counts = [
        {"locationId": location_id("ROME"), "till": till, "counted": {"amount": amount, **EUR}}
        for till, amount in (("1", "20.00"), ("2", "18.80"))
    ]
    closed = (await close(stage, day.isoformat(), counts=counts, idempotencyKey="k"))["dailyClose"]
    assert closed["cash"] == [
        {
            "expected": {"amount": "39.80"},
            "counted": {"amount": "38.80"},
            "tills": [{"till": "1"}, {"till": "2"}],
        }
    ]
    found = {
        each["kind"]: (each["subject"], each["expected"]["amount"], each["found"]["amount"])
        for each in closed["differences"]
    }
    assert found.pop("CASH_DIFFERS")[1:] == ("39.80", "38.80")
    assert found == {
        "PSP_DIFFERS": (late["number"], "19.90", "20.90"),
        "PAYOUT_UNKNOWN_PAYMENT": ("po_1 txn_2", "0.00", "5.00"),
    }
    seen = await balances(stage)
    assert (seen["CASH"], seen["CASH_DIFFERENCES"]) == ("38.80", "1.00")
    assert (seen["BANK"], seen["PSP_FEES"], seen["PSP_CLEARING"]) == ("24.40", "0.50", "15.90")
    again = await close(stage, day.isoformat(), counts=counts, idempotencyKey="k")
    assert again["dailyClose"] == closed
    before = await everything(engine)
    refused = await close(stage, day.isoformat())
    assert (refused["code"], refused["businessDate"]) == ("DAY_ALREADY_CLOSED", day.isoformat())
    assert await everything(engine) == before
    document = """query($day: Date!) { dailyCloses(firstDay: $day, lastDay: $day) {
      businessDate differences { kind } } }"""
    [kept] = await stage.api.do(FINANCE, document, day=day.isoformat())
    assert len(kept["differences"]) == 3


EUR = {"currency": "EUR"}
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def _transaction(*entries: Entry, source: str = "test") -> JournalTransaction:
    kind, key = TransactionKind.CLOSING, TransactionId(new_id())
    return JournalTransaction(key, kind, "TEST", source, _MOMENT, entries, business_date=None)


async def _paid_out(stage: Stage, order: Any, day: date) -> None:
    """A payout arrived for the order's payment, and for one that nobody knows."""
    reference = await stage.shop.scalar(
        sa.select(payment.c.psp_reference)
        .join(sales_order, sales_order.c.id == payment.c.order_id)
        .where(sales_order.c.number == order["number"])
    )
    now = sa.func.now()
    payout = {"provider": "stripe", "reference": "po_1", "state": "PAID", "currency": "EUR"}
    payout |= {"amount_minor": 2440, "fee_minor": 50, "arrives_on": day}
    lines = [("txn_1", reference, 1990, 50), ("txn_2", "ch_unknown", 500, 0)]
    async with stage.engine.begin() as connection:
        times = {"told_at": now, "received_at": now, "lines_at": now}
        await connection.execute(sa.insert(psp_payout).values(**payout, **times))
        for name, about, amount, fee in lines:
            row = {"provider": "stripe", "payout_reference": "po_1", "reference": name}
            row |= {"kind": "charge", "payment_reference": about, "currency": "EUR"}
            row |= {"amount_minor": amount, "fee_minor": fee, "net_minor": amount - fee}
            await connection.execute(sa.insert(psp_payout_line).values(**row, occurred_at=now))


async def test_the_journal_in_the_shapes_of_other_systems(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await sold(stage)
    given = {"account": "SALES", "format": "SAGE_50", "number": "40000-IT", "taxCode": "IT22"}
    selection = "... on SetAccountNumberPayload { accountNumber { number } }"
    kind = "SetAccountNumberInput"
    answer = await stage.do(FINANCE, "setAccountNumber", kind, selection, **given)
    assert answer["accountNumber"] == {"number": "40000-IT"}
    chart = await stage.api.do(
        FINANCE, "{ chartOfAccounts { account number numbers { format taxCode number } } }"
    )
    assert next(each for each in chart if each["account"] == "SALES") == {
        "account": "SALES",
        "number": "4000",
        "numbers": [{"format": "SAGE_50", "taxCode": "IT22", "number": "40000-IT"}],
    }
    files = {name: await _exported(stage, name) for name in ExportFormat}
    for name, lines in files.items():
        assert tuple(lines[0]) == HEADS[name]
    neutral = [dict(zip(files[ExportFormat.NEUTRAL][0], line, strict=True))
               for line in files[ExportFormat.NEUTRAL][1:]]  # fmt: skip
    assert {row["reference"] for row in neutral} == {order["number"]}
    assert sum(float(row["debit"] or 0) - float(row["credit"] or 0) for row in neutral) == 0
    assert {(row["account"], row["tax_code"]) for row in neutral} >= {
        ("CASH", ""), ("SALES", "IT22"), ("TAX_PAYABLE", "IT22"),
    }  # fmt: skip
    sage = files[ExportFormat.SAGE_50][1:]
    assert "40000-IT" in {line[3] for line in sage}
    assert all(len(line[1]) <= 20 for line in sage)
    dynamics = files[ExportFormat.DYNAMICS_GP][1:]
    assert {(line[6], line[7], line[8]) for line in dynamics} >= {("1000", "19.90", "0.00")}


async def _exported(stage: Stage, name: ExportFormat) -> list[list[str]]:
    wanted = JournalExport(name, date(2020, 1, 1), date(2100, 1, 1), "EUR")
    parts = [part async for part in journal_file(stage.shop.database, wanted)]
    return list(csv.reader("".join(parts).splitlines()))


async def test_the_database_refuses_what_does_not_balance(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {})

    async def posted(*entries: Entry, source: str = "test") -> None:
        given = _transaction(*entries, source=source)
        await stage.shop.database.run(lambda tx: post(tx, given), actor_key="TEST")

    before = await everything(engine)
    for entries in (
        (Entry(Account.CASH, "EUR", 100), Entry(Account.SALES, "EUR", -99)),
        (Entry(Account.CASH, "EUR", 100), Entry(Account.SALES, "JPY", -100)),
        (),
    ):
        with pytest.raises(IntegrityError):
            await posted(*entries)
    assert await everything(engine) == before
    await posted(*pair(Account.CASH, Account.SALES, 100, "KWD"), source="once")
    with pytest.raises(IntegrityError, match="uq_journal_transaction_source"):
        await posted(*pair(Account.CASH, Account.SALES, 100, "KWD"), source="once")
    assert await balances(stage) == {"CASH": "0.100", "SALES": "-0.100"}


async def test_the_books_are_for_finance(engine: AsyncEngine) -> None:
    stage = await open_stage(engine, {"HAT": {"ROME": 1}})
    calls = {
        "closeDay": ("CloseDayInput", {"businessDate": "2026-01-01"}),
        "setAccountNumber": (
            "SetAccountNumberInput", {"account": "CASH", "format": "SAGE_50", "number": "1"},
        ),
        "setLegalEntity": (
            "SetLegalEntityInput",
            {"code": "X", "name": "X", "street": "", "postalCode": "", "city": "",
             "country": "IT", "taxNumber": ""},
        ),
    }  # fmt: skip
    before = await everything(engine)
    for actor in EVERYBODY_AND_A_CUSTOMER:
        if actor is not None and actor.role in ACCOUNTANTS:
            continue
        code = "FORBIDDEN" if actor else "UNAUTHENTICATED"
        for name, (kind, given) in calls.items():
            document = f"""mutation($input: {kind}!) {{ {name}(input: $input) {{ __typename }} }}"""
            wanted = {"input": given | {"idempotencyKey": "k"}}
            _, errors = await stage.api.ask(actor, document, wanted)
            assert errors == [code], (actor, name)
        _, errors = await stage.api.ask(actor, "{ ledgerBalances { account } }")
        assert errors == [code], actor
    assert await everything(engine) == before
    for day, counts, code in (
        ("2026-01-01", [("ROME", "-1.00")], "VALIDATION_FAILED"),
        ("2026-01-01", [("ROME", "1.00"), ("ROME", "2.00")], "VALIDATION_FAILED"),
        ("2100-01-01", [], "VALIDATION_FAILED"),
        ("2026-01-01", [(NOBODY, "1.00")], "NOT_FOUND"),
    ):
        given = [
            {
                "locationId": gid("Location", NOBODY) if place == NOBODY else location_id(place),
                "till": "1",
                "counted": {"amount": amount, **EUR},
            }
            for place, amount in counts
        ]
        assert (await close(stage, day, counts=given))["code"] == code
    assert await everything(engine) == before
    assert (await close(stage, "2026-01-01"))["dailyClose"]["differences"] == []
