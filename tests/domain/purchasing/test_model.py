"""Purchase orders: what comes and what is invoiced adds up, in whatever parts."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.errors import ValidationFailed
from domain.common.ids import LocationId, Sku
from domain.purchasing.errors import IllegalPurchaseStep
from domain.purchasing.model import (
    InvoiceLine,
    LineChange,
    PurchaseLine,
    PurchaseOrder,
    PurchaseOrderId,
    PurchaseOrderState,
    cancelled,
    invoiced,
    received,
    rescheduled,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HAT, SCARF = Sku("HAT"), Sku("SCARF")
ORDER = PurchaseOrder(
    id=PurchaseOrderId(UUID(int=1)),
    number="P-1",
    supplier_id=LocationId(UUID(int=2)),
    location_id=LocationId(UUID(int=3)),
    state=PurchaseOrderState.OPEN,
    reference="",
    currency="EUR",
    confidence=Decimal(1),
    created_by="x",
    created_at=NOW,
    updated_at=NOW,
    version=1,
    lines=(PurchaseLine(HAT, 10, NOW, 400), PurchaseLine(SCARF, 5, NOW)),
)
UNITS = st.dictionaries(st.sampled_from([HAT, SCARF]), st.integers(0, 6))


def line(order: PurchaseOrder, sku: Sku) -> PurchaseLine:
    return next(each for each in order.lines if each.sku == sku)


@given(st.lists(UNITS, max_size=6))
def test_receipts_add_up_until_all_is_there(receipts: list[dict[Sku, int]]) -> None:
    order, came = ORDER, Counter[Sku]()
    for receipt in receipts:
        if order.over:
            with pytest.raises(IllegalPurchaseStep):
                received(order, receipt)
            continue
        order = received(order, receipt)
        came.update(receipt)
    assert {each.sku: each.received for each in order.lines} == {
        HAT: came[HAT],
        SCARF: came[SCARF],
    }
    complete = came[HAT] >= 10 and came[SCARF] >= 5
    assert (order.state is PurchaseOrderState.RECEIVED) == complete
    assert (order.state is PurchaseOrderState.OPEN) == (not came.total())


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3000)), max_size=5), st.integers(0, 9))
def test_invoices_are_reconciled(bills: list[tuple[int, int]], came: int) -> None:
    order = received(ORDER, {HAT: came}, complete=True)
    for units, amount in bills:
        order = invoiced(order, [InvoiceLine(HAT, units, amount)])
    hat = line(order, HAT)
    assert hat.receipt_difference == came - 10
    assert hat.invoice_difference == sum(units for units, _ in bills) - came
    assert hat.amount_difference_minor == sum(amount for _, amount in bills) - 400 * came
    assert line(order, SCARF).amount_difference_minor is None
    assert order.version == 2 + len(bills)


def test_lines_change_alone_or_together() -> None:
    later, latest = NOW + timedelta(days=1), NOW + timedelta(days=2)
    after = rescheduled(ORDER, [LineChange(HAT, 8, latest)], later, Decimal("0.50"))
    assert [(each.ordered, each.eta) for each in after.lines] == [(8, latest), (5, later)]
    assert (after.confidence, after.version) == (Decimal("0.50"), 2)
    assert rescheduled(ORDER, [LineChange(HAT, 8)], None, None).lines[0].eta == NOW


def test_a_purchase_order_lowered_to_what_came_is_received() -> None:
    order = received(ORDER, {HAT: 4, SCARF: 5})
    with pytest.raises(ValidationFailed):
        rescheduled(order, [LineChange(HAT, 3)], None, None)
    after = rescheduled(order, [LineChange(HAT, 4)], None, None)
    assert after.state is PurchaseOrderState.RECEIVED


@pytest.mark.parametrize("state", [PurchaseOrderState.RECEIVED, PurchaseOrderState.CANCELLED])
def test_nothing_changes_what_is_over_but_invoices(state: PurchaseOrderState) -> None:
    over = replace(ORDER, state=state)
    for step in (
        lambda: cancelled(over),
        lambda: received(over, {HAT: 1}),
        lambda: rescheduled(over, [], NOW, None),
    ):
        with pytest.raises(IllegalPurchaseStep):
            step()
    assert invoiced(over, [InvoiceLine(HAT, 1, 400)]).state is state


def test_unknown_skus_are_refused() -> None:
    shoe = Sku("SHOE")
    for step in (
        lambda: received(ORDER, {shoe: 1}),
        lambda: rescheduled(ORDER, [LineChange(shoe, 1)], None, None),
        lambda: invoiced(ORDER, [InvoiceLine(shoe, 1, 1)]),
    ):
        with pytest.raises(ValidationFailed):
            step()
