"""Rules about goods that come and go without an order: receipts, counts, transfers, purchases."""

from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.purchasing.tables import purchase_order_line
from domain.stock.tables import stock_level
from domain.transfers.tables import transfer, transfer_line
from tests.stateful.machine import FEW, PICK, PLACE, Machine
from tests.support.purchasing import day
from tests.support.shop import ADMIN
from tests.support.stage import gid, location_id
from tests.support.stock import place as place_of


class SupplyRules(Machine):
    """What the people in stores and warehouses do all day."""

    supplier: str

    @rule(sku=st.sampled_from(["HAT", "SCARF"]), place=PLACE, quantity=FEW)
    def receive(self, sku: str, place: str, quantity: int) -> None:
        lines = [{"sku": sku, "quantity": quantity}]
        given = {"locationId": location_id(place), "lines": lines, "reference": "PO"}
        self.ask("receiveStock", "ReceiveStockInput", **given)

    @rule(sku=st.sampled_from(["HAT", "SCARF"]), place=PLACE, counted=st.integers(0, 7))
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

    @rule(pick=PICK, way=PICK, there=PLACE, quantity=FEW)
    def carry(self, pick: int, way: int, there: str, quantity: int) -> None:
        """A transfer goes on its way: created, then sent or called off, then received."""
        under_way = transfer.c.state.in_(["CREATED", "SHIPPED"])
        found = self.one(sa.select(transfer).where(under_way).order_by(transfer.c.id), pick)
        if found is None or way % 5 == 0:
            self.send(pick, there, quantity)
        elif found.state == "CREATED":
            name = "cancelTransfer" if way % 5 == 1 else "shipTransfer"
            self.ask(name, "ChangeTransferInput", transferId=gid("Transfer", found.id))
        else:
            line = transfer_line.c.transfer_id == found.id
            sku = self.one(sa.select(transfer_line.c.sku).where(line), 0).sku
            counted = [{"sku": sku, "quantity": quantity}] if way % 2 else None
            given = {"transferId": gid("Transfer", found.id), "counted": counted}
            self.ask("receiveTransfer", "ReceiveTransferInput", **given)

    def send(self, pick: int, there: str, quantity: int) -> None:
        c = stock_level.c
        elsewhere = sa.select(stock_level).where(c.location_id != place_of(there), c.on_hand > 0)
        if level := self.one(elsewhere.order_by(c.id), pick):
            lines = [{"sku": level.sku, "quantity": min(quantity, level.on_hand)}]
            given = {
                "sourceId": gid("Location", level.location_id),
                "destinationId": location_id(there),
            }
            self.ask("createTransfer", "CreateTransferInput", lines=lines, **given)

    @rule(sku=st.sampled_from(["HAT", "SCARF"]), place=PLACE, quantity=FEW, days=FEW)
    def buy(self, sku: str, place: str, quantity: int, days: int) -> None:
        given: dict[str, Any] = {"supplierId": self.supplier, "locationId": location_id(place)}
        lines = [{"sku": sku, "quantity": quantity}]
        sure = "0.60" if days == 3 else "1"
        given |= {"lines": lines, "eta": day(days), "confidence": sure}
        self.ask("createPurchaseOrder", "CreatePurchaseOrderInput", **given)

    def bought(self, pick: int) -> tuple[str, str] | None:
        """The id of a purchase order, and its SKU."""
        c = purchase_order_line.c
        lines = sa.select(purchase_order_line).order_by(c.purchase_order_id, c.sku)
        found = self.one(lines, pick)
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
