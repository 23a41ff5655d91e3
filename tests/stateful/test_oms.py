"""Anything that people may do, in any order: the oracle stays empty, and nothing is a defect.

Every rule is a call of the API. Its answer may be a refusal, never a failure. 60 examples of up to
50 steps in CI; `UNICO_STATEFUL_EXAMPLES` asks for more.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.database import write_engine
from domain.fulfillment.tables import wave
from domain.orders.tables import fulfillment_order, line_group, sales_order
from domain.purchasing.tables import purchase_order_line
from domain.shipments.tables import parcel
from domain.transfers.tables import transfer
from tests.stateful.world import World
from tests.support.mutations import everything
from tests.support.purchasing import day, open_supplier
from tests.support.servers import ServerUrls, clone_migrated
from tests.support.shop import ADMIN, PLACES, Shop, open_shop
from tests.support.stage import gid, location_id, wish

SKUS = st.sampled_from(["HAT", "SCARF", "SET"])
PLACE = st.sampled_from(sorted(PLACES))
FEW = st.integers(1, 4)
MODES = st.sampled_from(["SHIP", "SHIP", "PICKUP", "SHIP_TO_STORE"])
PICK = st.integers(0, 50)
FAILURES = st.sampled_from(["NOT_IN_STOCK", "DAMAGED", "MISMATCH", "CAPACITY"])
EXAMPLES = int(os.environ.get("UNICO_STATEFUL_EXAMPLES", "60"))

STEPS: Mapping[str, Sequence[str]] = {
    "RELEASED": ("startPicking", "acceptFulfillmentOrder"),
    "PICKING": ("confirmPick",),
    "PICKED": ("packFulfillmentOrder",),
    "PACKED": (),
    "TRANSFER_IN_TRANSIT": ("receivePickupTransfer",),
}
PACKED = {
    "SHIP": ("shipFulfillmentOrder",),
    "PICKUP": ("markReadyForPickup", "dispatchPickupTransfer"),
    "SHIP_TO_STORE": ("dispatchPickupTransfer", "markReadyForPickup"),
}


class Oms(RuleBasedStateMachine):
    """A shop, driven at random."""

    runner: asyncio.Runner
    engine: AsyncEngine
    shop: Shop

    def __init__(self) -> None:
        super().__init__()
        self.world = World.begin(self.runner, self.engine, self.shop)
        self.last: tuple[str, str, dict[str, Any]] | None = None
        self.unanswered: tuple[str, str, dict[str, Any]] | None = None
        self.numbers = 0

    def ask(self, name: str, kind: str, **given: Any) -> dict[str, Any]:
        """The answer of a mutation."""
        given.setdefault("idempotencyKey", uuid4().hex)
        answer = self.world.do(self.world.stage.do(ADMIN, name, kind, "", **given))
        self.last = (name, kind, given) if answer["__typename"].endswith("Payload") else self.last
        if answer["__typename"] == "EditOutcomeUnknownError":
            self.unanswered = (name, kind, given)
        return answer

    def one(self, query: sa.Select[Any], pick: int) -> Any:
        """One of the rows of a query; None if there is none."""
        rows = self.world.rows(query)
        return rows[pick % len(rows)] if rows else None

    def order(self, pick: int, *statuses: str) -> str | None:
        query = sa.select(sales_order.c.id).order_by(sales_order.c.id)
        found = self.one(query.where(sales_order.c.status.in_(statuses)), pick)
        return gid("Order", found.id) if found else None

    def line(self, pick: int) -> tuple[str, str] | None:
        found = self.one(sa.select(line_group).order_by(line_group.c.id), pick)
        return (gid("Order", found.order_id), str(found.line_id)) if found else None

    def work(self, pick: int, *statuses: str) -> Any:
        query = sa.select(fulfillment_order).order_by(fulfillment_order.c.id)
        wanted = query.where(fulfillment_order.c.status.in_(statuses)) if statuses else query
        return self.one(wanted, pick)

    @initialize(modes=st.lists(MODES, min_size=2, max_size=4), steps=st.integers(0, 12))
    def open_doors(self, modes: list[str], steps: int) -> None:
        """Some orders are under way from the start: random rules alone rarely get far."""
        self.supplier = self.world.do(open_supplier(self.world.stage))
        for number, mode in enumerate(modes):
            self.place_order("HAT", 1, "ROME", mode, "BACKORDER_REST", "tok_approve")
            self.release(number)
        for number in range(steps):
            self.go_on(number, 0, 1)

    @rule(
        sku=SKUS,
        quantity=FEW,
        place=PLACE,
        mode=MODES,
        policy=st.sampled_from(["REFUSE", "BACKORDER_REST", "SHIP_COMPLETE", "CANCEL_REST"]),
        token=st.sampled_from(["tok_approve", "tok_approve", "tok_decline"]),
    )
    def place_order(
        self, sku: str, quantity: int, place: str, mode: str, policy: str, token: str
    ) -> None:
        given = wish(lines={sku: quantity, "HAT": 1}, token=token, unfilledPolicy=policy)
        if mode != "SHIP":
            given["delivery"] = {"mode": mode, "locationId": location_id(place)}
        self.ask("placeOrder", "PlaceOrderInput", **given)

    @rule(pick=PICK)
    def release(self, pick: int) -> None:
        if order := self.order(pick, "CONFIRMED"):
            self.ask("releaseOrder", "ChangeOrderInput", orderId=order)

    @rule(pick=PICK, way=PICK, times=st.integers(1, 4))
    def go_on(self, pick: int, way: int, times: int) -> None:
        for more in range(times):
            self.step(pick + more, way)

    def step(self, pick: int, way: int) -> None:
        work = self.work(pick, *STEPS)
        if work is None:
            return
        names = STEPS[work.status]
        if work.status == "PACKED":
            names = PACKED[work.delivery_mode]
        name = names[way % len(names)]
        given: dict[str, Any] = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id)}
        kind = "FulfillmentOrderInput"
        if name == "shipFulfillmentOrder":
            self.numbers += 1
            kind = "ShipFulfillmentOrderInput"
            given |= {"carrier": "DHL", "parcels": [{"trackingNumber": f"T{self.numbers}"}]}
        elif name == "receivePickupTransfer":
            kind = "ReceivePickupTransferInput"
        self.ask(name, kind, **given)

    @rule(place=PLACE, most=FEW)
    def put_together(self, place: str, most: int) -> None:
        self.ask("createWave", "CreateWaveInput", locationId=location_id(place), max=most)

    @rule(pick=PICK, name=st.sampled_from(["startWave", "startWave", "cancelWave"]))
    def walk(self, pick: int, name: str) -> None:
        if found := self.one(sa.select(wave).order_by(wave.c.id), pick):
            kind = f"{name[0].upper()}{name[1:]}Input"
            self.ask(name, kind, waveId=gid("Wave", found.id))

    @rule(pick=PICK)
    def leave_wave(self, pick: int) -> None:
        query = sa.select(fulfillment_order).where(fulfillment_order.c.wave_id.is_not(None))
        if found := self.one(query.order_by(fulfillment_order.c.id), pick):
            works = [gid("FulfillmentOrder", found.id)]
            given = {"waveId": gid("Wave", found.wave_id), "fulfillmentOrderIds": works}
            self.ask("removeFromWave", "RemoveFromWaveInput", **given)

    @rule(pick=PICK)
    def any_step(self, pick: int) -> None:
        if work := self.work(pick):
            name = ("startPicking", "confirmPick", "packFulfillmentOrder")[pick % 3]
            given = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id)}
            self.ask(name, "FulfillmentOrderInput", **given)

    @rule(pick=PICK, reason=FAILURES)
    def reject(self, pick: int, reason: str) -> None:
        if work := self.work(pick, "RELEASED"):
            given = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id), "reason": reason}
            self.ask("rejectFulfillmentOrder", "RejectFulfillmentOrderInput", **given)

    @rule(pick=PICK, found=st.integers(0, 3))
    def short_pick(self, pick: int, found: int) -> None:
        work = self.work(pick, "PICKING")
        if work is None:
            return
        group = self.one(
            sa.select(line_group).where(line_group.c.fulfillment_order_id == work.id), pick
        )
        lines = [{"orderLineId": str(group.line_id), "quantity": found}]
        given = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id), "lines": lines}
        self.ask("reportPick", "ReportPickInput", **given)

    @rule(pick=PICK)
    def collect(self, pick: int) -> None:
        if order := self.order(pick, "CONFIRMED"):
            given = {"orderId": order, "identityChecked": True}
            self.ask("collectPickup", "CollectPickupInput", **given)

    @rule(pick=PICK, choice=st.sampled_from(["OTHER_STORE", "REFUND"]), place=PLACE)
    def choose(self, pick: int, choice: str, place: str) -> None:
        if order := self.order(pick, "CONFIRMED"):
            given = {"orderId": order, "choice": choice, "locationId": location_id(place)}
            self.ask("choosePickupAlternative", "ChoosePickupAlternativeInput", **given)

    @rule(
        pick=PICK,
        status=st.sampled_from(
            ["IN_TRANSIT", "DELAYED", "DELIVERED", "LOST", "DAMAGED", "REFUSED"]
        ),
        number=st.integers(0, 5),
    )
    def track(self, pick: int, status: str, number: int) -> None:
        found = self.one(sa.select(parcel).order_by(parcel.c.id), pick)
        if found is None:
            return
        given = {
            "carrier": found.carrier, "trackingNumber": found.tracking_number, "status": status,
            "externalId": f"e{number}", "occurredAt": "2026-01-01T10:00:00Z",
        }  # fmt: skip
        self.ask("recordTrackingEvent", "RecordTrackingEventInput", **given)

    @rule(pick=PICK, choice=st.sampled_from(["RESHIP", "REFUND"]))
    def resolve(self, pick: int, choice: str) -> None:
        if order := self.order(pick, "CONFIRMED"):
            given = {"orderId": order, "resolution": choice}
            self.ask("resolveFailedDelivery", "ResolveFailedDeliveryInput", **given)

    @rule(pick=PICK)
    def parcel_back(self, pick: int) -> None:
        found = self.one(sa.select(parcel).order_by(parcel.c.id), pick)
        if found is not None:
            given = {"carrier": found.carrier, "trackingNumber": found.tracking_number}
            self.ask("receiveReturnedParcel", "ReceiveReturnedParcelInput", **given)

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        if order := self.order(pick, "CONFIRMED", "PENDING_PAYMENT"):
            self.ask("cancelOrder", "ChangeOrderInput", orderId=order)

    @rule(pick=PICK, quantity=FEW)
    def cancel_some(self, pick: int, quantity: int) -> None:
        if found := self.line(pick):
            lines = [{"orderLineId": found[1], "quantity": quantity}]
            self.ask("cancelOrderLines", "CancelOrderLinesInput", orderId=found[0], lines=lines)

    @rule(
        pick=PICK, sku=SKUS, more=st.integers(0, 2), quantity=st.integers(0, 4),
        token=st.sampled_from(["tok_approve", "tok_approve", "tok_decline", "tok_timeout"]),
    )  # fmt: skip
    def edit(self, pick: int, sku: str, more: int, quantity: int, token: str) -> None:
        """A line is raised, lowered or removed, and units are added, in one edit or none."""
        if (found := self.line(pick)) is None:
            return
        order, line = found
        changes: list[dict[str, Any]] = [
            {"setQuantity": {"orderLineId": line, "quantity": quantity}}
        ]
        if more:
            changes.append({"add": {"sku": sku, "quantity": more}})
        seen = self.world.do(self.world.stage.order(order, "version"))
        self.ask(
            "editOrderLines", "EditOrderLinesInput", orderId=order, changes=changes,
            expectedVersion=seen["version"], payment={"tender": "CARD", "token": token},
        )  # fmt: skip

    @rule()
    def ask_again(self) -> None:
        """The PSP did not answer an edit: the same request goes on, or hears how it ended."""
        if self.unanswered is not None:
            name, kind, given = self.unanswered
            self.unanswered = None
            assert self.ask(name, kind, **given)["__typename"] != "EditOutcomeUnknownError"

    @rule(pick=PICK)
    def ask_to_cancel(self, pick: int) -> None:
        if order := self.order(pick, "CONFIRMED"):
            self.ask("requestCancel", "ChangeOrderInput", orderId=order)

    @rule(pick=PICK, name=st.sampled_from(["acceptCancelRequest", "refuseCancelRequest"]))
    def answer_cancel(self, pick: int, name: str) -> None:
        if work := self.work(pick):
            given = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id)}
            self.ask(name, "AnswerCancelInput", **given)

    @rule(pick=PICK, lift=st.booleans())
    def hold(self, pick: int, lift: bool) -> None:
        if order := self.order(pick, "CONFIRMED"):
            name = "releaseHold" if lift else "holdOrder"
            self.ask(name, "OrderHoldInput", orderId=order, hold="MANUAL")

    @rule(sku=st.sampled_from(["HAT", "SCARF"]), place=PLACE, quantity=FEW)
    def receive(self, sku: str, place: str, quantity: int) -> None:
        lines = [{"sku": sku, "quantity": quantity}]
        given = {"locationId": location_id(place), "lines": lines, "reference": "PO"}
        self.ask("receiveStock", "ReceiveStockInput", **given)

    @rule(sku=st.sampled_from(["HAT", "SCARF"]), place=PLACE, counted=st.integers(0, 12))
    def count(self, sku: str, place: str, counted: int) -> None:
        opened = self.world.do(
            self.world.stage.do(
                ADMIN, "openCount", "OpenCountInput", "... on StockCountPayload { count { id } }",
                locationId=location_id(place),
            )
        )  # fmt: skip
        count = opened["count"]["id"]
        lines = [{"sku": sku, "counted": counted}]
        self.ask("recordCount", "RecordCountInput", countId=count, lines=lines)
        self.ask("postCount", "ChangeCountInput", countId=count)

    @rule(sku=st.sampled_from(["HAT", "SCARF"]), here=PLACE, there=PLACE, quantity=FEW)
    def send(self, sku: str, here: str, there: str, quantity: int) -> None:
        lines = [{"sku": sku, "quantity": quantity}]
        given = {"sourceId": location_id(here), "destinationId": location_id(there)}
        self.ask("createTransfer", "CreateTransferInput", lines=lines, **given)

    @rule(pick=PICK, name=st.sampled_from(["shipTransfer", "cancelTransfer"]))
    def move_transfer(self, pick: int, name: str) -> None:
        if found := self.one(sa.select(transfer).order_by(transfer.c.id), pick):
            given = {"transferId": gid("Transfer", found.id)}
            self.ask(name, "ChangeTransferInput", **given)

    @rule(pick=PICK, counted=st.integers(0, 5))
    def receive_transfer(self, pick: int, counted: int) -> None:
        if found := self.one(sa.select(transfer).order_by(transfer.c.id), pick):
            lines = [{"sku": "HAT", "quantity": counted}] if counted else None
            given = {"transferId": gid("Transfer", found.id), "counted": lines}
            self.ask("receiveTransfer", "ReceiveTransferInput", **given)

    @rule(sku=st.sampled_from(["HAT", "SCARF"]), place=PLACE, quantity=FEW, days=FEW)
    def buy(self, sku: str, place: str, quantity: int, days: int) -> None:
        given: dict[str, Any] = {"supplierId": self.supplier, "locationId": location_id(place)}
        lines = [{"sku": sku, "quantity": quantity}]
        sure = "0.60" if days == 3 else "1"
        given |= {"lines": lines, "eta": day(days), "confidence": sure}
        self.ask("createPurchaseOrder", "CreatePurchaseOrderInput", **given)

    def bought(self, pick: int) -> tuple[str, str] | None:
        """The id of a purchase order, and its SKU."""
        found = self.one(sa.select(purchase_order_line), pick)
        return (gid("PurchaseOrder", found.purchase_order_id), found.sku) if found else None

    @rule(pick=PICK, quantity=st.integers(0, 5), complete=st.booleans())
    def take_in(self, pick: int, quantity: int, complete: bool) -> None:
        if found := self.bought(pick):
            lines = [{"sku": found[1], "quantity": quantity}]
            given = {"purchaseOrderId": found[0], "lines": lines, "complete": complete}
            self.ask("receivePurchaseOrder", "ReceivePurchaseOrderInput", **given)

    @rule(pick=PICK, days=FEW, quantity=FEW, end=st.sampled_from([False, False, True]))
    def slip(self, pick: int, days: int, quantity: int, end: bool) -> None:
        if found := self.bought(pick):
            given: dict[str, Any] = {"purchaseOrderId": found[0]}
            if end:
                self.ask("cancelPurchaseOrder", "CancelPurchaseOrderInput", **given)
                return
            given |= {"eta": day(days), "lines": [{"sku": found[1], "quantity": quantity}]}
            self.ask("changePurchaseOrder", "ChangePurchaseOrderInput", **given)

    @rule(place=PLACE, quantity=st.integers(0, 4), days=FEW)
    def feed(self, place: str, quantity: int, days: int) -> None:
        row = {"reference": "F", "sku": "HAT", "locationId": location_id(place), "eta": day(days)}
        rows = [{**row, "quantity": quantity}]
        given = {"supplierId": self.supplier, "rows": rows}
        self.ask("loadSupplierFeed", "LoadSupplierFeedInput", **given)

    @rule(
        timer=st.sampled_from(
            [
                ("fulfillment_order", "accept_by"),
                ("fulfillment_order", "cancel_answer_by"),
                ("order_pickup", "collect_until"),
                ("sales_order", "pay_until"),
                ("reservation", "expires_at"),
                ("order_edit", "apply_until"),
            ]
        )
    )
    def time_passes(self, timer: tuple[str, str]) -> None:
        self.world.do(self.world.stage.make_due(*timer))
        self.world.do(self.world.stage.tick())

    @rule()
    def replay(self) -> None:
        if self.last is None:
            return
        name, kind, given = self.last
        before = self.world.do(everything(self.world.stage.engine))
        again = self.ask(name, kind, **given)
        assert again["__typename"].endswith("Payload")
        assert self.world.do(everything(self.world.stage.engine)) == before

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.world.broken() == []

    def teardown(self) -> None:
        self.world.end()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_anything_in_any_order_keeps_the_books(servers: ServerUrls, worker_number: int) -> None:
    with asyncio.Runner() as runner:
        url = runner.run(clone_migrated(servers, f"unico_stateful_{worker_number}"))
        engine = write_engine(url, pool_size=2)
        stock_of = {"HAT": {"ROME": 6, "MILAN": 3}, "SCARF": {"ROME": 4, "MADRID": 4}}
        Oms.runner, Oms.engine = runner, engine
        Oms.shop = runner.run(open_shop(engine, stock_of))
        try:
            run_state_machine_as_test(
                Oms,
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=50,
                    deadline=None,
                    derandomize=True,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                    phases=[
                        Phase.generate
                    ],  # a failure is told at once, not made small for minutes
                ),
            )
        finally:
            runner.run(engine.dispose())
