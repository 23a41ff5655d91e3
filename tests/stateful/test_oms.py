"""Anything that people may do, in any order: the oracle stays empty, and nothing is a defect.

Every rule is a call of the API. Its answer may be a refusal, never a failure. Rules look for what
they can work on: most calls are done, not refused (`Machine.seen` counts them). 20 examples of up
to 50 steps in `make test`, 200 in `make walk` (`UNICO_STATEFUL_EXAMPLES`), which CI runs too. Only
a run of 60 or more must have done all of `WORK`: fewer may leave some of it undone.

What it is worth was tried by taking something away from the code. Each of these is found within 15
examples, two of them within 5:

- `fulfillment/cancelling.accept_cancel` without `deallocate`: ALLOCATIONS, CLAIMS;
- `shipments/ship._complete` without `issue`: ALLOCATIONS, CLAIMS, GONE;
- `common/idempotency.once` that does not return a known result: a replay is refused or acts again;
- `transfers/service.receive_transfer` that moves the goods in twice: TRANSIT.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from domain.common.database import write_engine
from domain.fulfillment.overriding import MOVABLE
from domain.fulfillment.tables import wave
from domain.orders.states import (
    ASKING_CUSTOMER,
    CANCELLABLE,
    GONE_WRONG,
    GroupState,
)
from domain.orders.tables import fulfillment_order, line_group, order_line, sales_order
from domain.shipments.model import FINAL_RANK, RANK, TrackingStatus
from domain.shipments.tables import parcel
from domain.stock.posting import free_of
from domain.stock.tables import stock_level
from tests.stateful.machine import FEW, PICK, PLACE, run
from tests.stateful.money_rules import MoneyRules
from tests.stateful.return_rules import ReturnRules
from tests.stateful.supply_rules import SupplyRules
from tests.stateful.walker import Walker
from tests.support.purchasing import open_supplier
from tests.support.servers import ServerUrls, clone_migrated
from tests.support.shop import open_shop
from tests.support.stage import gid, location_id, wish

SKUS = st.sampled_from(["HAT", "SCARF", "SET"])
NUMBER = st.integers(0, 2**16)
MODES = st.sampled_from(["SHIP", "SHIP", "PICKUP", "SHIP_TO_STORE"])
ANSWERS = ("acceptCancelRequest", "refuseCancelRequest")
RESOLUTIONS = ("RESHIP", "REFUND")
ALTERNATIVES = ("OTHER_STORE", "REFUND")
CHOICE = st.sampled_from([None, *ALTERNATIVES])
REPORTS = st.sampled_from(["IN_TRANSIT", "DELAYED", "DELIVERED", "LOST", "DAMAGED", "REFUSED"])
FAILURES = st.sampled_from(["NOT_IN_STOCK", "DAMAGED", "MISMATCH", "CAPACITY"])
EXAMPLES = int(os.environ.get("UNICO_STATEFUL_EXAMPLES", "20"))
ENOUGH = 60

FINAL = {status.value for status, rank in RANK.items() if rank == FINAL_RANK}
BACK = {TrackingStatus.RETURNED_TO_ORIGIN.value}
STEPS: Mapping[str, Sequence[str]] = {
    "RELEASED": ("startPicking", "acceptFulfillmentOrder"),
    "PICKING": ("confirmPick",),
    "PICKED": ("packFulfillmentOrder",),
    "PACKED": (),
    "TRANSFER_IN_TRANSIT": ("receivePickupTransfer",),
}


WORK = (
    "shipFulfillmentOrder", "collectPickup", "acceptCancelRequest", "refuseCancelRequest",
    "rejectFulfillmentOrder", "reportPick", "resolveFailedDelivery", "choosePickupAlternative",
    "receiveTransfer", "receiveReturnedParcel", "recordTrackingEvent", "cancelOrderLines",
    "dispatchPickupTransfer", "receivePickupTransfer", "postCount", "cancelOrder", "createWave",
    "startWave", "overrideSourcing", "requestReturn", "receiveReturn", "inspectReturn",
)  # fmt: skip
"""Mutations that a long run must have done, each at least once, not only tried."""


class Oms(MoneyRules, ReturnRules, SupplyRules):
    """A shop, driven at random; each rule looks for what it can work on."""

    seen: ClassVar[Counter[tuple[str, str]]] = Counter()
    unanswered: dict[str, Any] | None = None

    @initialize(
        modes=st.lists(MODES, min_size=2, max_size=4),
        steps=st.integers(0, 16),
        reports=st.lists(REPORTS, max_size=3),
    )
    def open_doors(self, modes: list[str], steps: int, reports: list[str]) -> None:
        """Some orders are under way from the start: random rules alone rarely get far."""
        self.supplier = self.world.do(open_supplier(self.world.stage))
        for number, mode in enumerate(modes):
            supplied = mode == "SHIP_TO_STORE"  # by another location than its own
            sku, store = ("SET", "MILAN") if supplied else ("HAT", "ROME")
            self.place_order(sku, 1, store, mode, "BACKORDER_REST", "tok_approve")
            self.release(number)
        for number in range(steps):
            self.go_on(number, 0, 1)
        for number, status in enumerate(reports):
            self.track(number, status, number, None)

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
        if order := self.order(pick, "CONFIRMED", having={GroupState.ALLOCATED}):
            self.ask("releaseOrder", "ChangeOrderInput", orderId=order)

    @rule(pick=PICK)
    def override(self, pick: int) -> None:
        """An operator has a unit that nobody works on served by another location that has one."""
        group, line, level = line_group.c, order_line.c, stock_level.c
        query = (
            sa.select(group.order_id, group.line_id, level.location_id)
            .join(order_line, line.id == group.line_id)
            .join(stock_level, level.sku == line.sku)
            .where(
                group.state.in_(MOVABLE),
                level.location_id.is_distinct_from(group.location_id),
                free_of(stock_level) > 0,
            )
            .order_by(group.id, level.location_id)
        )
        if found := self.one(query, pick):
            units = [{"orderLineId": str(found.line_id), "quantity": 1}]
            self.ask(
                "overrideSourcing",
                "OverrideSourcingInput",
                orderId=gid("Order", found.order_id),
                locationId=gid("Location", found.location_id),
                reason="walk",
                lines=units,
            )

    @rule(pick=PICK, way=PICK, times=st.integers(1, 4))
    def go_on(self, pick: int, way: int, times: int) -> None:
        """The work of one location goes on, by some steps."""
        work = self.work(pick, *STEPS)
        for _ in range(times):
            if work is not None and work.status in STEPS:
                self.step(work, way)
                query = sa.select(fulfillment_order).where(fulfillment_order.c.id == work.id)
                work = self.one(query, 0)

    def step(self, work: Any, way: int) -> None:
        names = STEPS[work.status]
        if work.status == "PACKED":
            names = (self.after_packing(work),)
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

    @rule(pick=PICK, most=FEW, walked=st.booleans())
    def put_together(self, pick: int, most: int, walked: bool) -> None:
        """A location accepts some work and makes a wave of what it accepted, for now or later."""
        if work := self.work(pick, "RELEASED"):
            given = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id)}
            self.ask("acceptFulfillmentOrder", "FulfillmentOrderInput", **given)
            place = gid("Location", work.location_id)
            self.ask("createWave", "CreateWaveInput", locationId=place, max=most)
            if walked:
                self.walk(-1, "startWave")

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

    def after_packing(self, work: Any) -> str:
        if work.delivery_mode == "SHIP":
            return "shipFulfillmentOrder"
        store = sa.select(sales_order.c.delivery_location_id).where(
            sales_order.c.id == work.order_id
        )
        here = self.one(store, 0)[0] == work.location_id
        return "markReadyForPickup" if here else "dispatchPickupTransfer"

    @rule(number=NUMBER, pick=PICK, way=PICK)
    def anything_open(self, number: int, pick: int, way: int) -> None:
        """Some mutation that is legal for some order: rare states are as likely as usual ones."""
        ways = Walker(self.world).open_calls(way)
        if ways:
            name = sorted(ways)[number % len(ways)]
            call, now = ways[name][pick % len(ways[name])]
            self.ask(call.name, call.kind, **call.input(now))

    @rule(pick=PICK, reason=FAILURES, choice=CHOICE, place=PLACE)
    def reject(self, pick: int, reason: str, choice: str | None, place: str) -> None:
        """A location cannot serve; a customer who is asked chooses at once, or later if at all."""
        if work := self.work(pick, "RELEASED"):
            given = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id), "reason": reason}
            self.ask("rejectFulfillmentOrder", "RejectFulfillmentOrderInput", **given)
            if choice is not None:
                self.choose(pick, choice, place)

    @rule(pick=PICK, found=st.integers(0, 3), choice=CHOICE, place=PLACE)
    def short_pick(self, pick: int, found: int, choice: str | None, place: str) -> None:
        """Not all is on the shelf; a customer who is asked chooses at once, or later if at all."""
        work = self.work(pick, "PICKING")
        if work is None:
            return
        group = self.one(
            sa.select(line_group).where(line_group.c.fulfillment_order_id == work.id), pick
        )
        units = found % (group.quantity + 1)
        lines = [{"orderLineId": str(group.line_id), "quantity": units}]
        given = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id), "lines": lines}
        self.ask("reportPick", "ReportPickInput", **given)
        if choice is not None:
            self.choose(pick, choice, place)

    @rule(pick=PICK)
    def collect(self, pick: int) -> None:
        if order := self.order(pick, "CONFIRMED", having={GroupState.READY_FOR_PICKUP}):
            given = {"orderId": order, "identityChecked": True}
            self.ask("collectPickup", "CollectPickupInput", **given)

    @rule(pick=PICK, choice=st.sampled_from(ALTERNATIVES), place=PLACE)
    def choose(self, pick: int, choice: str, place: str) -> None:
        if order := self.order(pick, "CONFIRMED", having=ASKING_CUSTOMER):
            given = {"orderId": order, "choice": choice, "locationId": location_id(place)}
            self.ask("choosePickupAlternative", "ChoosePickupAlternativeInput", **given)

    @rule(
        pick=PICK, status=REPORTS, number=st.integers(0, 5),
        choice=st.sampled_from([None, *RESOLUTIONS]),
    )  # fmt: skip
    def track(self, pick: int, status: str, number: int, choice: str | None) -> None:
        """A carrier reports; what went wrong is resolved at once, or later if at all."""
        moving = sa.select(parcel).where(parcel.c.status.not_in(FINAL)).order_by(parcel.c.id)
        found = self.one(moving, pick)
        if found is None:
            return
        given = {
            "carrier": found.carrier, "trackingNumber": found.tracking_number, "status": status,
            "externalId": f"e{number}", "occurredAt": "2026-01-01T10:00:00Z",
        }  # fmt: skip
        self.ask("recordTrackingEvent", "RecordTrackingEventInput", **given)
        if choice is not None:
            self.resolve(pick, choice)

    @rule(pick=PICK, choice=st.sampled_from(RESOLUTIONS))
    def resolve(self, pick: int, choice: str) -> None:
        if order := self.order(pick, "CONFIRMED", having=GONE_WRONG):
            given = {"orderId": order, "resolution": choice}
            self.ask("resolveFailedDelivery", "ResolveFailedDeliveryInput", **given)

    @rule(pick=PICK)
    def parcel_back(self, pick: int) -> None:
        away = sa.select(parcel).where(parcel.c.returned_at.is_(None)).order_by(parcel.c.id)
        found = self.one(away.where(parcel.c.status.not_in(FINAL - BACK)), pick)
        if found is not None:
            given = {"carrier": found.carrier, "trackingNumber": found.tracking_number}
            self.ask("receiveReturnedParcel", "ReceiveReturnedParcelInput", **given)

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        if order := self.order(pick, "CONFIRMED", "PENDING_PAYMENT", having=CANCELLABLE):
            self.ask("cancelOrder", "ChangeOrderInput", orderId=order)

    @rule(pick=PICK, quantity=FEW)
    def cancel_some(self, pick: int, quantity: int) -> None:
        if found := self.line(pick, *sorted(CANCELLABLE)):
            lines = [{"orderLineId": found[1], "quantity": 1 + quantity // 3}]
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
        given = {"orderId": order, "changes": changes, "expectedVersion": seen["version"]}
        given |= {"payment": {"tender": "CARD", "token": token}, "idempotencyKey": uuid4().hex}
        answer = self.ask("editOrderLines", "EditOrderLinesInput", **given)
        if answer["__typename"] == "EditOutcomeUnknownError":
            self.unanswered = given

    @rule()
    def ask_again(self) -> None:
        """The PSP did not answer an edit: the same request goes on, or hears how it ended."""
        if self.unanswered is not None:
            given, self.unanswered = self.unanswered, None
            answer = self.ask("editOrderLines", "EditOrderLinesInput", **given)
            assert answer["__typename"] != "EditOutcomeUnknownError"

    @rule(pick=PICK, answered=st.booleans())
    def ask_to_cancel(self, pick: int, answered: bool) -> None:
        """Goods under way are asked back. If the location answers at once, it does so in turn."""
        unasked = fulfillment_order.c.cancel_requested_at.is_(None)
        query = sa.select(fulfillment_order).where(fulfillment_order.c.status.in_(STEPS), unasked)
        if work := self.one(query.order_by(fulfillment_order.c.id), pick):
            order = gid("Order", work.order_id)
            self.ask("requestCancel", "ChangeOrderInput", orderId=order)
            if answered:
                self.numbers += 1
                self.answer_cancel(pick, ANSWERS[self.numbers % len(ANSWERS)])

    @rule(pick=PICK, name=st.sampled_from(ANSWERS))
    def answer_cancel(self, pick: int, name: str) -> None:
        if work := self.work(pick, asked=True):
            given = {"fulfillmentOrderId": gid("FulfillmentOrder", work.id)}
            self.ask(name, "AnswerCancelInput", **given)

    @rule(pick=PICK, lift=st.booleans())
    def hold(self, pick: int, lift: bool) -> None:
        having = set(GroupState) if lift else set[GroupState]()
        if order := self.order(pick, "CONFIRMED", having=having, held=lift):
            name = "releaseHold" if lift else "holdOrder"
            self.ask(name, "OrderHoldInput", orderId=order, hold="MANUAL")

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


@pytest.mark.slow
@pytest.mark.repetitive
@pytest.mark.timeout(900)
def test_anything_in_any_order_keeps_the_books(servers: ServerUrls, worker_number: int) -> None:
    with asyncio.Runner() as runner:
        url = runner.run(clone_migrated(servers, f"unico_stateful_{worker_number}"))
        engine = write_engine(url, pool_size=2)
        stock_of = {"HAT": {"ROME": 6, "MILAN": 3}, "SCARF": {"ROME": 4, "MADRID": 4}}
        Oms.runner, Oms.engine = runner, engine
        Oms.shop = runner.run(open_shop(engine, stock_of))
        try:
            run(Oms, EXAMPLES, steps=50)
        finally:
            runner.run(engine.dispose())
    assert Oms.seen["placeOrder", "done"] > EXAMPLES
    idle = {name for name in WORK if not Oms.seen[name, "done"]} if EXAMPLES >= ENOUGH else set()
    assert not idle, f"rules that never do what they are for are worth nothing: {idle}"
