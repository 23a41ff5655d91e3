"""The oracle sees each rule that is broken, names that rule, and sees nothing in a sound shop."""

from collections.abc import AsyncGenerator
from itertools import combinations
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.common.database import write_engine
from domain.orders.audit import status_violations
from domain.orders.audit_statuses import GOODS_STATUS, WORK_STATUS
from domain.orders.invariants import invariant_violations
from domain.orders.states import (
    CALLED_OFF,
    GroupState,
    fulfillment_order_status,
    fulfillment_status,
)
from tests.support.edits import add, edit
from tests.support.returns import brought, inspect, lines_of, sold
from tests.support.servers import ServerUrls, clone_migrated
from tests.support.shop import ADMIN
from tests.support.stage import TO_PACKED, Stage, location_id, open_stage

_LABEL = """insert into label (id, order_id, fulfillment_order_id, location_id, parcel_id,
 replaces_id, direction, format, carrier, service, state, weight_g, sender, recipient, token,
 created_by, created_at, updated_at, version, tracking_number, attempts)
 select gen_random_uuid(), s.order_id, s.fulfillment_order_id, s.location_id, p.id, {replaced},
 'OUTBOUND', 'PDF', p.carrier, 'S', '{state}', 1, '{{{{}}}}', '{{{{}}}}', 't', 'x', now(), now(),
 1, {number}, 0 from parcel as p join shipment as s on s.id = p.shipment_id"""
_VOID = _LABEL.format(state="VOIDED", replaced="null", number="p.tracking_number")
_TWICE = [
    _LABEL.format(state="BOUGHT", replaced=replaced, number=f"'{number}'")
    for number, replaced in (("A1", "null"), ("A2", "(select id from label)"))
]
BREAKS: list[tuple[str, str]] = [
    ("LABELS", _VOID),
    ("LABELS", _TWICE[0]),
    ("LABELS", ";".join(_TWICE)),
    ("NOTIFICATIONS", "update notification_cursor set seq = 1000000"),
    ("NOTIFICATIONS", """insert into notification (id, order_id, kind, occasion, channel, facts,
     state, attempts, tries_left, created_at, sent_at, resends) select gen_random_uuid(), id,
     'SHIPPED', 'x', 'EMAIL', jsonb_build_object(), 'SENT', 1, 6, now(), now(), 0
     from sales_order where number = '{planned}'"""),
    ("WAVES", "update fulfillment_order set wave_id = gen_random_uuid() where {of_planned}"),
    ("WAVES LOG", """insert into wave select gen_random_uuid(), 'W', id, 'OPEN', null, 'x', now(),
     null, null, 1 from location where code = 'MILAN';
     update fulfillment_order set wave_id = (select id from wave) where {of_planned}"""),
    ("WAVES LOG", """insert into wave select gen_random_uuid(), 'W', id, 'OPEN', null, 'x', now(),
     null, now(), 1 from location where code = 'ROME'"""),
    ("LOG", "insert into carrier_tariff select gen_random_uuid(), 'GLS', now(), 1"),
    ("LEDGER ALLOCATIONS", "update stock_level set allocated = allocated + 1 where {hat_in_rome}"),
    ("LEDGER RESERVATIONS", "update stock_level set reserved = reserved + 1 where {hat_in_rome}"),
    ("LEDGER", "update stock_level set on_hand = on_hand + 1 where {hat_in_rome}"),
    ("LEDGER", "delete from stock_movement where reason = 'RECEIVED'"),
    ("EVENTS", "update stock_level set version = version + 1 where {hat_in_rome}"),
    ("QUANTITIES", "update order_line set ordered_quantity = 9 where {of_planned}"),
    ("ALLOCATIONS CLAIMS LIFE QUANTITIES STATUSES", "delete from line_group where {of_planned}"),
    ("ALLOCATIONS CLAIMS QUANTITIES", "update line_group set quantity = 3 where {of_planned}"),
    ("CLAIMS", "update stock_movement set reference = '{shipped}' where reference = '{planned}'"),
    ("CLAIMS GONE LEDGER", "delete from stock_movement where reason = 'SHIPPED'"),
    ("ALLOCATIONS TRANSIT", "update transfer set state = 'CREATED'"),
    ("TRANSIT", "update transfer_line set received = 2"),
    ("TRANSIT", ("update stock_movement set reference = 'x' where reason = 'TRANSFER_OUT'"
     " and reference like 'T%'")),
    ("TRANSIT", "update inbound set closed_at = null where source = 'TRANSFER'"),
    ("TRANSIT", "update inbound set received = 2 where source = 'TRANSFER'"),
    ("GONE", "update stock_movement set reason = 'SOLD' where reason = 'SHIPPED'"),
    ("GONE", "update stock_movement set reason = 'RECEIVED' where reason = 'COLLECTED'"),
    ("ALLOCATIONS CLAIMS GONE LIFE STATUSES",
     "update line_group set state = 'COLLECTED' where {of_planned}"),
    ("GONE PARCELS", "update parcel_line set quantity = 2"),
    ("PARCELS", "update parcel set status = 'IN_TRANSIT'"),
    ("PARCELS PLACES", "update line_group set shipment_id = gen_random_uuid() where {of_shipped}"),
    ("PLACES STATUSES", "update line_group set fulfillment_order_id = null where {of_planned}"),
    ("PLACES", ("update sales_order set delivery_location_id = gen_random_uuid()"
     " where number = '{waiting}'")),
    ("PLACES", "update line_group set location_id = gen_random_uuid() where state = 'BACKORDERED'"),
    ("HISTORY", "update sales_order set version = version + 1 where number = '{planned}'"),
    ("HISTORY", "delete from order_history where {of_planned} and version = 2"),
    ("HISTORY LOG", ("update outbox set events = jsonb_path_query_array(events,"
     " '$[*] ? (@.aggregate <> \"order\" || @.version <> 2)')")),
    ("LIFE", ("update sales_order set status = 'CLOSED', closed_at = now()"
     " where number = '{planned}'")),
    ("LIFE", "update sales_order set closed_at = now() where number = '{planned}'"),
    ("LIFE", "update sales_order set confirmed_at = null where number = '{planned}'"),
    ("LIFE", ("update sales_order set status = 'CONFIRMED', closed_at = null"
     " where number = '{shipped}'")),
    ("LIFE", "update sales_order set delivery_mode = 'SHIP' where number = '{waiting}'"),
    ("LIFE HELD", ("update sales_order set status = 'CONFIRMED', confirmed_at = now()"
     " where number = '{unpaid}'")),
    ("STATUSES", ("update sales_order set fulfillment_status = 'SHIPPED'"
     " where number = '{planned}'")),
    ("STATUSES", "update fulfillment_order set status = 'PACKED' where {of_planned}"),
    ("MONEY", "update sales_order set excess_minor = 5, updated_at = now() - interval '1 hour'"),
    ("MONEY LIFE", ("update sales_order set status = 'EXPIRED', closed_at = now(),"
     " updated_at = now() - interval '1 hour' where number = '{planned}'")),
    ("MONEY", ("update sales_order set items_minor = items_minor + 1,"
     " shipping_minor = shipping_minor - 1 where number = '{planned}'")),
    ("MONEY", ("update sales_order set discount_minor = 1, total_minor = total_minor - 1"
     " where number = '{planned}'")),
    ("MONEY", "update sales_order set tax_minor = tax_minor + 1 where number = '{planned}'"),
    ("COUPONS", """insert into promotion select id, 'P', '', '{{}}', '{{}}', 'DRAFT', null, null,
     'x', now(), now(), 1 from customer limit 1;
     insert into coupon select 'C', id, 5, 1, 1 from promotion"""),
    ("MONEY", "update order_edit set apply_until = now() - interval '1 hour'"),
    ("HELD MONEY", ("update order_edit set state = 'LETTING_GO',"
     " updated_at = now() - interval '1 hour'")),
    ("BOOKED", "update payment_capture set amount_minor = 1"),
    ("BOOKED BOOKS", "update payment set refunded_minor = 1 where captured_minor > 0"),
    ("BALANCE DOCUMENTS", ("update journal_entry set amount_minor = amount_minor + 1"
     " where account = 'SALES'")),
    ("BALANCE", """insert into journal_transaction (id, kind, reference, memo, source, at,
     business_date) values (gen_random_uuid(), 'ORDER', '', '', 'x', now(), now())"""),
    ("BALANCE BOOKS", "update journal_entry set account = 'X' where account = 'PSP_CLEARING'"),
    ("BOOKS", ("update journal_entry set account = 'DEFERRED_REVENUE'"
     " where account = 'PSP_CLEARING'")),
    ("DOCUMENTS", "delete from document_due"),
    ("CLOSED", """insert into daily_close select business_date, '[]', '[]', '[]', 'x', now()
     from journal_transaction limit 1"""),
    ("SERIES", "insert into document_series values ('MAIN', 'INVOICE', 'IT', 2026, 1)"),
    ("TENDERS", "update payment set tender = 'GIFT_CARD' where {of_planned}"),
    ("REFUNDS", """insert into payment_refund select 'r', id, order_id, 1, captured_minor + 1,
     'PENDING', null, now() from payment where captured_minor > 0 limit 1"""),
    ("LOG VOUCHERS", """insert into voucher select gen_random_uuid(), 'STORE_CREDIT', 'EUR', 5, id,
     null, null, null, null, 'x', now(), now(), 1 from customer limit 1"""),
    ("CREDIT LOG", """insert into credit_account select gen_random_uuid(), id, 'EUR', 5, 5, now(),
     now(), 1 from customer limit 1"""),
    ("LOG", "update fulfillment_order set version = version + 1 where {of_planned}"),
    ("RETURNS", "update return_line set quantity = 1"),
    ("RETURNS", "update sales_return set state = 'COMPLETED'"),
    ("RETURNS", "update sales_return set fee_minor = fee_minor + 1"),
    ("RETURNS", "update return_inspection set value_minor = value_minor + 1"),
    ("RETURNS", "update line_group set return_id = null where return_id is not null"),
    ("RETURNS", "update stock_movement set reference = 'x' where reason = 'RETURNED'"),
    ("BOOKS RETURNS", ("update sales_return set exchange_minor = 5,"
     " updated_at = now() - interval '1 hour';"
     " update sales_order set exchanged_minor = 5 where id = (select order_id from sales_return)")),
    ("LOG", "update sales_return set version = version + 1"),
    ("LOG", "update shipment set version = version + 1"),
    ("LOG", "update transfer set version = version + 1"),
    ("LOG", """insert into outbox (events) select jsonb_build_array(jsonb_build_object(
     'aggregate', 'session', 'aggregate_id', gen_random_uuid(), 'version', 2))"""),
    ("LOG", ("update sequencer_state set last_seq = 7; insert into event_log select 9, 1, 'x',"
     " 'session', gen_random_uuid(), 1, array['x'], '{{}}', 'x', now(), ''")),
    ("RECEIPT LOG", """insert into purchase_order select gen_random_uuid(), 'P1',
     gen_random_uuid(), id, 'OPEN', '', 'EUR', 1, 'x', now(), now(), 1 from location
     where code = 'ROME'; insert into purchase_order_line select id, 'HAT', 1, now(), null, 0, 0, 0
     from purchase_order"""),
    ("PROMISES LOG", """insert into inbound select gen_random_uuid(), 'TRANSFER', id, '', 'HAT',
     location_id, 1, 0, now(), 1, null, now(), 1 from stock_level limit 1;
     insert into promise select gen_random_uuid(), order_id, line_id, 'HAT', location_id,
     (select id from inbound where reference = ''), 2, now(), 1, now() from line_group
     where {of_planned}"""),
]  # fmt: skip
"""The rules that must be named, and the rows that break them."""

CHECKS = {
    "ck_stock_level_no_oversell": "update stock_level set on_hand = 0 where allocated > 0",
    "ck_stock_level_not_negative": "update stock_level set allocated = -1",
    "ck_payment_captured": "update payment set captured_minor = authorised_minor + 1",
    "ck_payment_refunded": "update payment set refund_due_minor = captured_minor + 1",
    "ck_voucher_balance": "insert into voucher select gen_random_uuid(), 'STORE_CREDIT', 'EUR', -1,"
    " id, null, null, null, null, 'x', now(), now(), 1 from customer limit 1",
    "ck_payment_voided": "update payment set state = 'VOIDED' where captured_minor > 0",
    "ck_sales_order_total": "update sales_order set total_minor = total_minor + 1",
    "ck_sales_order_discount": "update sales_order set discount_minor = -1, total_minor ="
    " total_minor + 1",
    "ck_line_group_quantity": "update line_group set quantity = 0",
    "ck_transfer_line_received": "update transfer_line set received = -1",
    "pk_idempotency_key": "insert into idempotency_key select * from idempotency_key limit 1",
    "uq_order_history_order_id_version": "insert into order_history (order_id, version, action,"
    " actor, detail, at) select order_id, version, 'x', 'x', '{}', now() from order_history",
}
"""Rules that the database itself refuses to break (I1, I2, I7, I8, I10, I11, I12)."""


@pytest.fixture(scope="module")
async def oracle_engine(servers: ServerUrls, worker_number: int) -> AsyncGenerator[AsyncEngine]:
    """A database with orders in many states; tests take back what they do to it."""
    url = await clone_migrated(servers, f"unico_oracle_{worker_number}")
    engine = write_engine(url, pool_size=2)
    stage = await open_stage(engine, {"HAT": {"ROME": 13, "MILAN": 1}, "SCARF": {"MILAN": 2}})
    planned = await stage.placed(lines={"HAT": 2})
    await at_work(stage, "shipFulfillmentOrder")
    await at_work(stage, "markReadyForPickup", pickup="ROME")
    await at_work(stage, "collectPickup", pickup="ROME")
    delivery = {"mode": "SHIP_TO_STORE", "locationId": location_id("ROME")}
    await at_work(stage, "dispatchPickupTransfer", lines={"SCARF": 1}, delivery=delivery)
    await stage.placed(lines={"SCARF": 3}, unfilledPolicy="BACKORDER_REST")
    assert (await stage.place(token="tok_timeout"))["__typename"] != "PlaceOrderPayload"
    await transferred(stage)
    await coming_back(stage)
    slow = {"tender": "CARD", "token": "tok_timeout"}
    assert "order" not in await edit(stage, planned, add("HAT", 1), payment=slow)
    yield engine
    await engine.dispose()


async def at_work(stage: Stage, last: str, **wish: Any) -> None:
    """One more order, taken as far as the last step."""
    order = await stage.released(**wish)
    work = order["fulfillmentOrders"][0]["id"]
    for step in TO_PACKED:
        await stage.work(step, work)
    if last == "shipFulfillmentOrder":
        parcels = [{"trackingNumber": "N1"}]
        await done(stage, last, fulfillmentOrderId=work, carrier="DHL", parcels=parcels)
        await done(
            stage, "recordTrackingEvent", carrier="DHL", trackingNumber="N1", status="DELIVERED",
            externalId="1", occurredAt="2026-01-01T10:00:00Z",
        )  # fmt: skip
        return
    if last == "dispatchPickupTransfer":
        await stage.work(last, work)
        return
    await stage.work("markReadyForPickup", work)
    if last == "collectPickup":
        await done(stage, last, orderId=order["id"], identityChecked=True)


async def coming_back(stage: Stage) -> None:
    """Two units came back, and somebody looked at one of them."""
    order = await sold(stage, lines={"HAT": 2})
    both = [{"orderNumber": order["number"], "lines": lines_of(order, 2)}]
    came = (await brought(stage, orders=both))["returns"][0]
    assert "return" in await inspect(stage, came)


async def transferred(stage: Stage) -> None:
    """A transfer of two units of which one arrived, the other was lost."""
    ends = {"sourceId": location_id("ROME"), "destinationId": location_id("MILAN")}
    lines = [{"sku": "HAT", "quantity": 2}]
    made = await stage.do(
        ADMIN, "createTransfer", "CreateTransferInput",
        "... on TransferPayload { transfer { id } }", lines=lines, **ends,
    )  # fmt: skip
    given = {"transferId": made["transfer"]["id"]}
    await done(stage, "shipTransfer", "ChangeTransferInput", **given)
    await done(stage, "receiveTransfer", counted=[{"sku": "HAT", "quantity": 1}], **given)


async def done(stage: Stage, name: str, kind: str = "", /, **given: Any) -> None:
    """A mutation that works."""
    kind = kind or f"{name[0].upper()}{name[1:]}Input"
    answer = await stage.do(ADMIN, name, kind, "", **given)
    assert answer["__typename"].endswith("Payload"), answer


@pytest.fixture
async def books(oracle_engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A transaction in which rows may be broken."""
    async with oracle_engine.connect() as connection:
        # Rows that are written once for all can be broken too.
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        yield connection
        await connection.rollback()


async def words(connection: AsyncConnection) -> dict[str, str]:
    """Numbers of the orders by what became of them, and conditions that choose their rows."""
    query = """
        SELECT number, CASE
            WHEN status = 'PENDING_PAYMENT' THEN 'unpaid'
            WHEN fulfillment_status = 'READY_FOR_PICKUP' THEN 'waiting'
            WHEN fulfillment_status = 'DELIVERED' AND delivery_mode = 'SHIP' THEN 'shipped'
            WHEN fulfillment_status = 'UNFULFILLED' AND items_minor = 3980 THEN 'planned'
            ELSE fulfillment_status END
        FROM sales_order"""
    found = {row[1]: row[0] for row in await connection.execute(sa.text(query))}
    chosen = "order_id = (select id from sales_order where number = '{}')"
    rome = "(select id from location where code = 'ROME')"
    return found | {
        "of_planned": chosen.format(found["planned"]),
        "of_shipped": chosen.format(found["shipped"]),
        "hat_in_rome": f"sku = 'HAT' and location_id = {rome}",
    }


async def test_nothing_is_broken(books: AsyncConnection) -> None:
    assert await invariant_violations(books) == []
    assert await status_violations(books) == []


@pytest.mark.parametrize(("kinds", "statements"), BREAKS)
async def test_each_broken_rule_is_named(
    books: AsyncConnection, kinds: str, statements: str
) -> None:
    for statement in statements.format(**await words(books)).split(";"):
        assert (await books.exec_driver_sql(statement)).rowcount > 0
    found = {each.kind for each in await invariant_violations(books)}
    assert found == set(kinds.split())


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("STATUSES", "update sales_order set payment_status = 'REFUNDED' where {number}"),
        ("STATUSES", "update sales_order set excess_minor = 1 where {number}"),
        ("UNPAID STATUSES BOOKS", ("update payment set captured_minor = 0, state = 'AUTHORISED'"
         " where order_id = (select id from sales_order where {number})")),
    ],
)  # fmt: skip
async def test_money_that_is_not_the_function_of_its_parts_is_seen(
    books: AsyncConnection, kind: str, statement: str
) -> None:
    number = f"number = '{(await words(books))['shipped']}'"
    await books.execute(sa.text(statement.format(number=number)))
    assert {each.kind for each in await status_violations(books)} == set(kind.split())


@pytest.mark.parametrize("constraint", CHECKS)
async def test_the_database_refuses_what_must_never_be(
    books: AsyncConnection, constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        await books.execute(sa.text(CHECKS[constraint]))


async def test_statuses_in_sql_are_those_of_the_model(books: AsyncConnection) -> None:
    mixtures = [set(each) for n in (1, 2, 3) for each in combinations(GroupState, n)]
    rows = [sorted(mixture - CALLED_OFF) or None for mixture in mixtures]
    query = sa.text(
        f"SELECT {GOODS_STATUS}, {WORK_STATUS} FROM (SELECT false AS rejected, CASE WHEN given ="
        " 'null' THEN NULL ELSE (SELECT array_agg(value) FROM jsonb_array_elements_text(given))"
        " END AS live FROM jsonb_array_elements(cast(:rows AS jsonb)) AS given) AS each"
    ).bindparams(sa.bindparam("rows", type_=JSONB))
    found = (await books.execute(query, {"rows": rows})).all()
    assert [tuple(row) for row in found] == [
        (fulfillment_status(each).value, fulfillment_order_status(each).value) for each in mixtures
    ]
