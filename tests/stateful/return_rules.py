"""Rules of the machine that bring goods back: asked for, received, looked at, called off."""

from hypothesis.stateful import rule
from hypothesis.strategies import integers, sampled_from
from sqlalchemy import select

from domain.orders.states import WITH_CUSTOMER
from domain.returns.model import ItemCondition, ReturnReason
from domain.returns.tables import return_line, sales_return
from tests.stateful.machine import FEW, PICK, PLACE, Machine
from tests.support.stage import gid, location_id

REASONS = sampled_from(sorted(set(ReturnReason) - {ReturnReason.NOT_DELIVERED}))
CONDITIONS = sampled_from(sorted(ItemCondition))


class ReturnRules(Machine):
    """What customers and stores do with goods that were delivered."""

    @rule(
        pick=PICK,
        quantity=FEW,
        place=PLACE,
        reason=REASONS,
        condition=CONDITIONS,
        steps=integers(0, 2),
    )
    def come_back(
        self,
        pick: int,
        quantity: int,
        place: str,
        reason: str,
        condition: str,
        steps: int,
    ) -> None:
        """Some delivered units are asked back, and received and inspected, or later if at all."""
        if (found := self.line(pick, *sorted(WITH_CUSTOMER))) is None:
            return
        order, line = found
        lines = [{"orderLineId": line, "quantity": 1 + quantity // 4, "reason": reason}]
        given = {"orderId": order, "method": "STORE_DROP_OFF", "lines": lines}
        self.ask("requestReturn", "RequestReturnInput", **given)
        if steps > 0:
            self.receive_back(pick, place)
        if steps > 1:
            self.inspect_back(pick, condition)

    @rule(pick=PICK, place=PLACE)
    def receive_back(self, pick: int, place: str) -> None:
        """Goods of a return arrive somewhere."""
        wanted = ("AUTHORISED", "IN_TRANSIT")
        query = select(sales_return).where(sales_return.c.state.in_(wanted))
        if found := self.one(query.order_by(sales_return.c.id), pick):
            given = {"returnId": gid("Return", found.id), "locationId": location_id(place)}
            self.ask("receiveReturn", "ReceiveReturnInput", **given)

    @rule(pick=PICK, condition=CONDITIONS)
    def inspect_back(self, pick: int, condition: str) -> None:
        """Somebody looks at one received unit."""
        query = select(return_line).join(sales_return, sales_return.c.id == return_line.c.return_id)
        query = query.where(sales_return.c.state == "RECEIVED")
        found = self.one(query.order_by(return_line.c.return_id, return_line.c.line_id), pick)
        if found is None:
            return
        findings = [{"orderLineId": str(found.line_id), "quantity": 1, "condition": condition}]
        given = {"returnId": gid("Return", found.return_id), "findings": findings}
        self.ask("inspectReturn", "InspectReturnInput", **given)

    @rule(pick=PICK, name=sampled_from(["cancelReturn", "rejectReturn", "sendReturn"]))
    def decide_back(self, pick: int, name: str) -> None:
        """A return is called off, not allowed, or on its way."""
        query = select(sales_return).where(sales_return.c.state.in_(("AUTHORISED", "IN_TRANSIT")))
        if found := self.one(query.order_by(sales_return.c.id), pick):
            kind = "SendReturnInput" if name == "sendReturn" else "ChangeReturnInput"
            self.ask(name, kind, returnId=gid("Return", found.id))
