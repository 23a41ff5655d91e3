"""Labels in any order, among everything else that people do: the oracle stays empty, carriers that
refuse or are silent included, and no label is bought twice.
"""

import asyncio
import os
from collections import Counter
from typing import Any, ClassVar
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.carriers.model import Outcome
from domain.common.database import write_engine
from domain.shipments.tables import label, parcel
from tests.stateful.machine import run
from tests.stateful.test_oms import Oms
from tests.support.carriers import ScriptedCarrier
from tests.support.mutations import everything
from tests.support.servers import ServerUrls, clone_migrated
from tests.support.shop import ADMIN, open_shop
from tests.support.stage import TO_PACKED, gid, wish

PICK = st.integers(0, 50)
ANSWERS = st.sampled_from([Outcome.DONE, Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN])
EXAMPLES = max(10, int(os.environ.get("UNICO_STATEFUL_EXAMPLES", "20")) // 6)
CHANGES = ("createLabel", "editLabel", "voidLabel")
FAST = {"carrier": "SCRIPT", "service": "FAST", "weightG": 500}


class Labels(Oms):
    """The shop of `Oms`, with a carrier that answers as it is told."""

    seen: ClassVar[Counter[tuple[str, str]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.carrier = ScriptedCarrier()
        self.world.stage.services.carriers = {"SCRIPT": self.carrier}
        self.settled: tuple[str, str, dict[str, Any]] | None = None

    def ask_label(self, name: str, buy: Outcome, void: Outcome, **given: Any) -> None:
        """A change of a label, with a carrier that answers so; done if it is at once."""
        self.carrier.buys, self.carrier.voids = [buy], [void]
        given.setdefault("idempotencyKey", uuid4().hex)
        kind = f"{name[0].upper()}{name[1:]}Input"
        selection = "... on LabelPayload { label { state } }"
        answer = self.world.do(self.world.stage.do(ADMIN, name, kind, selection, **given))
        state = answer.get("label", {}).get("state")
        done = state in ("BOUGHT", "VOIDED")
        self.seen[name, "done" if done else answer.get("code", state)] += 1
        if done:
            self.settled = (name, kind, given)

    def a_label(self, pick: int) -> dict[str, Any] | None:
        found = self.one(sa.select(label).order_by(label.c.id), pick)
        return {"labelId": gid("Label", found.id)} if found else None

    @initialize(buy=ANSWERS, void=ANSWERS)
    def first_labels(self, buy: Outcome, void: Outcome) -> None:
        """From the start a label was edited and another voided, if the carrier did so."""
        self.pack_with_label(buy, 2)
        self.edit_label(0, buy, void)
        self.void_label(1, void)

    @rule(buy=ANSWERS, times=st.integers(1, 2))
    def pack_with_label(self, buy: Outcome, times: int) -> None:
        """One more order is packed and gets labels: random steps alone rarely stop there."""
        placed = self.world.do(self.world.stage.place(lines={"HAT": 1}))
        if "order" not in placed:
            return
        order = placed["order"]["id"]
        self.ask("releaseOrder", "ChangeOrderInput", orderId=order)
        seen = self.world.do(self.world.stage.order(order))
        for work in seen["fulfillmentOrders"]:
            given = {"fulfillmentOrderId": work["id"]}
            for step in TO_PACKED:
                self.ask(step, "FulfillmentOrderInput", **given)
            for _ in range(times):
                self.ask_label("createLabel", buy, Outcome.DONE, **FAST, **given)

    @rule(pick=PICK)
    def ship_with_label(self, pick: int) -> None:
        """Whatever label: the wrong ones are refused."""
        unused = sa.select(label).where(
            label.c.parcel_id.is_(None), label.c.tracking_number.is_not(None)
        )
        if found := self.one(unused.order_by(label.c.id), pick):
            given = {"fulfillmentOrderId": gid("FulfillmentOrder", found.fulfillment_order_id)}
            parcels = [{"trackingNumber": found.tracking_number}]
            kind = "ShipFulfillmentOrderInput"
            self.ask("shipFulfillmentOrder", kind, carrier="SCRIPT", parcels=parcels, **given)

    @rule(pick=PICK, buy=ANSWERS, void=ANSWERS, way=st.sampled_from(["OUTBOUND", "RETURN"]))
    def label_parcel(self, pick: int, buy: Outcome, void: Outcome, way: str) -> None:
        if found := self.one(sa.select(parcel).order_by(parcel.c.id), pick):
            given = {"parcelId": gid("Parcel", found.id), "direction": way}
            self.ask_label("createLabel", buy, void, **FAST, **given)

    @rule(pick=PICK, buy=ANSWERS, void=ANSWERS)
    def edit_label(self, pick: int, buy: Outcome, void: Outcome) -> None:
        if given := self.a_label(pick):
            self.numbers += 1
            address = wish()["delivery"]["address"] | {"street": f"Via {self.numbers}"}
            self.ask_label("editLabel", buy, void, address=address, **given)

    @rule(pick=PICK, void=ANSWERS)
    def void_label(self, pick: int, void: Outcome) -> None:
        if given := self.a_label(pick):
            self.ask_label("voidLabel", Outcome.DONE, void, **given)

    @rule()
    def replay_label(self) -> None:
        """What is settled is answered again, and nothing is done; an intent would go on."""
        if self.settled is None:
            return
        name, kind, given = self.settled
        before = self.world.do(everything(self.world.stage.engine))
        asked = len(self.carrier.bought), len(self.carrier.cancelled)
        again = self.world.do(self.world.stage.do(ADMIN, name, kind, "", **given))
        assert again["__typename"] == "LabelPayload", (name, again)
        assert (len(self.carrier.bought), len(self.carrier.cancelled)) == asked
        assert self.world.do(everything(self.world.stage.engine)) == before

    @rule(buy=ANSWERS, void=ANSWERS)
    def carriers_are_asked_again(self, buy: Outcome, void: Outcome) -> None:
        self.carrier.buys, self.carrier.voids = [buy], [void]
        self.world.do(self.world.stage.make_due("label", "next_try_at"))
        self.world.do(self.world.stage.tick())

    @invariant()
    def a_request_asked_again_is_the_same(self) -> None:
        """Whatever a carrier is asked for under one key is one and the same label."""
        asked = {wanted.key: wanted for wanted in self.carrier.bought}
        assert all(asked[wanted.key] == wanted for wanted in self.carrier.bought)


@pytest.mark.slow
@pytest.mark.repetitive
@pytest.mark.timeout(900)
def test_labels_in_any_order_keep_the_books(servers: ServerUrls, worker_number: int) -> None:
    with asyncio.Runner() as runner:
        url = runner.run(clone_migrated(servers, f"unico_labels_{worker_number}"))
        engine = write_engine(url, pool_size=2)
        Labels.runner, Labels.engine = runner, engine
        Labels.shop = runner.run(open_shop(engine, {"HAT": {"ROME": 20, "MILAN": 3}}))
        try:
            run(Labels, EXAMPLES, steps=40)
        finally:
            runner.run(engine.dispose())
    idle = {name for name in CHANGES if not Labels.seen[name, "done"]}
    assert not idle, f"changes of labels that were never done: {idle}"
