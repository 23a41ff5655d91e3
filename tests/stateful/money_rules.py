"""Rules of money: several tenders, what comes in later, what is given back, what is owed."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.orders.tables import sales_order
from domain.payments.tables import payment
from tests.stateful.machine import PICK, Machine
from tests.support.shop import ADMIN
from tests.support.stage import gid, wish

OTHERS = st.sampled_from(["CARD", "CARD", "BANK_TRANSFER", "DECLINED"])
AMOUNTS = st.sampled_from(["0.01", "3.33", "19.90", "50.00"])
BACK_AS = st.sampled_from(["CASH", "BANK_TRANSFER", "STORE_CREDIT"])


class MoneyRules(Machine):
    """Orders that are paid in parts, and money that goes back."""

    codes: Sequence[str] = ()

    @rule(amount=AMOUNTS)
    def issue_gift_card(self, amount: str) -> None:
        """Gift cards are there to be spent; a few are enough."""
        if len(self.codes) >= 3:
            return
        document = """mutation($input: IssueGiftCardInput!) { issueGiftCard(input: $input) {
          ... on IssueGiftCardPayload { giftCardCode } } }"""
        money = {"amount": amount, "currency": "EUR"}
        given = {"idempotencyKey": f"gift-{len(self.codes)}", "amount": money}
        made = self.world.do(self.world.stage.api.do(ADMIN, document, input=given))
        self.codes = [*self.codes, made["giftCardCode"]]

    @rule(pick=PICK, other=OTHERS)
    def place_by_gift_card(self, pick: int, other: str) -> None:
        if not self.codes:
            return
        token = "tok_decline" if other == "DECLINED" else "tok_approve"
        rest: dict[str, Any] = {"tender": "CARD", "token": token}
        if other == "BANK_TRANSFER":
            rest = {"tender": other}
        gift = {"tender": "GIFT_CARD", "code": self.codes[pick % len(self.codes)]}
        given = wish(payment=None, payments=[gift, rest])
        self.ask("placeOrder", "PlaceOrderInput", **given)

    @rule(pick=PICK, came=st.booleans())
    def hear_of_transfer(self, pick: int, came: bool) -> None:
        query = sa.select(payment.c.id, payment.c.order_id).where(
            payment.c.tender == "BANK_TRANSFER", payment.c.state == "PENDING"
        )
        if found := self.one(query.order_by(payment.c.id), pick):
            name = "confirmPaymentReceived" if came else "reportPaymentBounced"
            kind = f"{name[0].upper()}{name[1:]}Input"
            self.ask(name, kind, orderId=gid("Order", found.order_id), paymentId=str(found.id))

    @rule(pick=PICK, amount=AMOUNTS)
    def give_back(self, pick: int, amount: str) -> None:
        if order := self.order(pick, "CONFIRMED", "CLOSED"):
            money = {"amount": amount, "currency": "EUR"}
            self.ask("refundOrder", "RefundOrderInput", orderId=order, amount=money, reason="walk")

    @rule(pick=PICK, tender=BACK_AS)
    def pay_what_is_owed(self, pick: int, tender: str) -> None:
        query = sa.select(sales_order.c.id).join(payment, payment.c.order_id == sales_order.c.id)
        query = query.where(payment.c.refund_due_minor > 0).order_by(sales_order.c.id)
        if found := self.one(query, pick):
            order = gid("Order", found.id)
            self.ask("payRefundDue", "PayRefundDueInput", orderId=order, tender=tender)
