"""What a call of a mutation is: its target, its input, and what the table says that it may do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import uuid4

from domain.orders.lifecycle import TRANSITIONS, Action
from domain.orders.states import CALLED_OFF, DeliveryMode, GroupState
from tests.support.stage import gid

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]
"""All rows of some tables, as JSON, by table."""
TABLES = (
    "sales_order", "line_group", "order_line", "fulfillment_order", "shipment", "parcel",
    "transfer", "stock_count", "reservation", "purchase_order", "location", "label",
    "wave", "sales_return",
)  # fmt: skip


class Scope(Enum):
    """Which table the target of a call is in, and by which column its groups name it."""

    ORDER = ("sales_order", "order_id", "Order")
    WORK = ("fulfillment_order", "fulfillment_order_id", "FulfillmentOrder")
    SHIPMENT = ("shipment", "shipment_id", "Shipment")
    PARCEL = ("parcel", "shipment_id", "Parcel")
    TRANSFER = ("transfer", "", "Transfer")
    COUNT = ("stock_count", "", "StockCount")
    RESERVATION = ("reservation", "", "StockReservation")
    PURCHASE = ("purchase_order", "", "PurchaseOrder")
    LABEL = ("label", "", "Label")
    WAVE = ("wave", "", "Wave")
    RETURN = ("sales_return", "return_id", "Return")
    NOTHING = ("", "", "")

    @property
    def table(self) -> str:
        return self.value[0]

    def groups(self, rows: Rows, target: Row) -> list[Row]:
        """The groups that the target has to do with."""
        column = self.value[1]
        if not column:
            return []
        key = target["shipment_id"] if self is Scope.PARCEL else target["id"]
        return [group for group in rows["line_group"] if group[column] == key]


class Which(Enum):
    """Which groups of the target a call moves."""

    ALL = "all that are not called off, or it is refused"
    FITTING = "those in a state that fits, at least one"
    NONE = "none"


@dataclass(frozen=True)
class Now:
    """What is there when a call is made: its target, its rows, and two numbers to choose by."""

    rows: Rows
    target: Row
    pick: int
    way: int

    def one(self, *options: Any) -> Any:
        """One of the options."""
        return options[self.way % len(options)]

    @property
    def order(self) -> Row:
        """The order of the target."""
        target = self.target
        if "shipment_id" in target:
            target = next(s for s in self.rows["shipment"] if s["id"] == target["shipment_id"])
        key = target.get("order_id", target["id"])
        return next(row for row in self.rows["sales_order"] if row["id"] == key)


Given = Callable[[Now], dict[str, Any]]
Guard = Callable[[Now], bool]
NOTHING_MARKED: Mapping[str, frozenset[str]] = {}


def nothing(_: Now) -> dict[str, Any]:
    """No more input."""
    return {}


@dataclass(frozen=True)
class Call:
    """A mutation with its input type, and its meaning in the table of transitions.

    `first`: the actions of which one must be allowed. `then`: what may follow in the same call.
    `guard`: whether nothing but the table stands in the way; None if that is not modelled, and a
    call that the table allows may be refused. `others`: whether it serves orders that wait. `adds`:
    whether it adds units that were not ordered before. `ways`:
    how many choices `given` has. `marks`: tables that refusals with a code may write.
    """

    name: str
    kind: str
    scope: Scope
    first: tuple[Action, ...] = ()
    which: Which = Which.NONE
    then: frozenset[Action] = frozenset()
    given: Given = nothing
    guard: Guard | None = None
    others: bool = False
    adds: bool = False
    ways: int = 1
    marks: Mapping[str, frozenset[str]] = field(default_factory=lambda: NOTHING_MARKED)

    def input(self, now: Now) -> dict[str, Any]:
        """The whole input of one call."""
        field_name = {
            Scope.ORDER: "orderId", Scope.WORK: "fulfillmentOrderId", Scope.SHIPMENT: "shipmentId",
            Scope.TRANSFER: "transferId", Scope.COUNT: "countId",
            Scope.RESERVATION: "reservationId", Scope.PURCHASE: "purchaseOrderId",
            Scope.LABEL: "labelId", Scope.WAVE: "waveId", Scope.RETURN: "returnId",
        }.get(self.scope)  # fmt: skip
        given: dict[str, Any] = {"idempotencyKey": uuid4().hex}
        if field_name is not None:
            given[field_name] = gid(self.scope.value[2], now.target["id"])
        if self.scope is Scope.PARCEL:
            given |= {
                "carrier": now.target["carrier"],
                "trackingNumber": now.target["tracking_number"],
            }
        return given | self.given(now)

    def allowed(self, now: Now) -> bool | None:
        """Whether the table allows it: None when it is not about groups."""
        if self.which is Which.NONE:
            return None
        mode = DeliveryMode(now.order["delivery_mode"])
        sources = {
            state
            for row in TRANSITIONS
            if row.action in self.first and mode in row.modes
            for state in row.sources
        }
        states = {GroupState(g["state"]) for g in self.scope.groups(now.rows, now.target)}
        live = states - CALLED_OFF
        if self.which is Which.ALL:
            return bool(live) and live <= sources
        return bool(live & sources)

    def is_open(self, now: Now) -> bool:
        """Whether the table allows it and, as far as is modelled, nothing stands in the way."""
        return bool(self.allowed(now)) and (self.guard is None or self.guard(now))

    def may_become(self, mode: DeliveryMode, state: GroupState) -> set[GroupState]:
        """All states to which this call may take units that are in `state`."""
        found = {state}
        while True:
            more = {
                row.target
                for row in TRANSITIONS
                if row.action in {*self.first, *self.then}
                and mode in row.modes
                and row.sources & found
            } - found
            if not more:
                return found
            found |= more
