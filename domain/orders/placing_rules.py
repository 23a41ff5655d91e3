"""What makes a `PlaceOrder` acceptable before anything is looked up. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import Forbidden, ValidationFailed
from domain.common.money import Money
from domain.common.texts import needed_line, one_line
from domain.identity.model import AT_LOCATION, Actor, Role
from domain.orders.commands import GivenPayment, OrderedLine, PlaceOrder
from domain.orders.model import Address
from domain.orders.states import CARRIED, DeliveryMode
from domain.payments.model import PLAIN, RECEIVED_LATER, Tender

MAX_LINES = 200
MAX_QUANTITY = 100_000
MAX_TEXT = 200
MAX_PAYMENTS = 10
_NUMBERED = frozenset({Tender.CHEQUE, Tender.EXCHANGE_CREDIT})
_UP_TO = frozenset({Tender.GIFT_CARD, Tender.STORE_CREDIT})
"""Tenders that without an amount pay what they can, and leave the rest to another."""
PRICE_SETTERS = frozenset({Role.CHANNEL, Role.OPERATIONS, Role.ADMIN})
"""Roles that may bring their own unit prices and shipping fee."""

TILL_ROLES = frozenset({Role.POS, Role.STORE_MANAGER})


def in_actor_scope(actor: Actor, command: PlaceOrder) -> PlaceOrder:
    """`command` as this actor may ask it: a CUSTOMER always orders for himself.

    Raises:
        Forbidden: another customer, a channel, a store, a price or a tender out of scope.
    """
    if not actor.sells_on(command.channel):
        raise Forbidden(f"not allowed to sell on channel {command.channel}")
    if actor.role is Role.CUSTOMER:
        if command.customer.id not in (None, actor.customer_id) or actor.customer_id is None:
            raise Forbidden("a customer orders for himself only")
        command = replace(command, customer=replace(command.customer, id=actor.customer_id))
    place = command.delivery.location_id
    if command.delivery.mode is DeliveryMode.TAKE_AWAY:
        at_till = actor.role in AT_LOCATION and place is not None and actor.works_at(place)
        if not at_till and actor.role not in (Role.OPERATIONS, Role.ADMIN):
            raise Forbidden("goods are taken away only at the till of that store")
    check_price_scope(actor, command.lines, command.shipping)
    for payment in command.payments:
        check_tender_scope(actor, payment.tender)
    return command


def check_price_scope(actor: Actor, lines: Sequence[OrderedLine], shipping: Money | None) -> None:
    """Nothing, when the actor brings no price, or may.

    Raises:
        Forbidden: otherwise.
    """
    brought = shipping is not None or any(line.unit_price for line in lines)
    if brought and actor.role not in PRICE_SETTERS:
        raise Forbidden("this role may not set prices")


def check_tender_scope(actor: Actor, tender: Tender) -> None:
    """Nothing, when the actor may take this tender.

    Raises:
        Forbidden: otherwise.
    """
    if tender in (Tender.CASH, Tender.TERMINAL) and actor.role not in TILL_ROLES | {Role.ADMIN}:
        raise Forbidden(f"{tender.value} is taken at a till only")
    if tender is Tender.EXTERNAL and actor.role not in PRICE_SETTERS:
        raise Forbidden("EXTERNAL payment is for integrations")
    if tender is Tender.CHEQUE and actor.role is Role.CUSTOMER:
        raise Forbidden("cheques are taken by staff")


def check_order(actor: Actor, command: PlaceOrder) -> None:
    """Nothing, when the command is well formed.

    Raises:
        ValidationFailed: the first thing that is not.
    """
    check_basket(command.lines, command.shipping, command.source_code)
    _check_delivery(command)
    check_payments(command.payments)
    if command.delivery.mode is DeliveryMode.TAKE_AWAY:
        check_paid_at_once(command.payments)
    check_text("externalReference", command.external_reference)
    if command.deliver_by is not None and command.deliver_by.tzinfo is None:
        raise ValidationFailed("deliverBy", "must have an offset from UTC, such as Z")


def check_basket(
    lines: Sequence[OrderedLine], shipping: Money | None, source_code: str | None
) -> None:
    """Nothing, when what is to be bought is well formed.

    Raises:
        ValidationFailed: the first thing that is not.
    """
    if not 1 <= len(lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    for position, line in enumerate(lines):
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise ValidationFailed(f"lines.{position}.quantity", f"must be 1 to {MAX_QUANTITY}")
        if line.unit_price is not None and line.unit_price.amount_minor < 0:
            raise ValidationFailed(f"lines.{position}.unitPrice", "must not be negative")
    if shipping is not None and shipping.amount_minor < 0:
        raise ValidationFailed("shipping", "must not be negative")
    check_text("sourceCode", source_code)


def _check_delivery(command: PlaceOrder) -> None:
    delivery = command.delivery
    if delivery.mode in CARRIED:
        if delivery.address is None:
            raise ValidationFailed("delivery.address", "is required to ship")
        check_address(delivery.address)
        check_pickup_point(delivery.mode, delivery.address)
    elif delivery.location_id is None:
        raise ValidationFailed("delivery.locationId", f"is required for {delivery.mode.value}")
    elif delivery.address is not None:
        raise ValidationFailed("delivery.address", f"must be absent for {delivery.mode.value}")


def check_address(address: Address) -> None:
    """Nothing, when the address can be written on a label.

    Raises:
        ValidationFailed: a part is missing, too long, or holds what looks like a card number.
    """
    for field in ("recipient", "street", "city", "postal_code", "country"):
        if not getattr(address, field).strip():
            raise ValidationFailed(f"delivery.address.{_camel(field)}", "must not be empty")
    if len(address.country) != 2 or not address.country.isalpha() or not address.country.isupper():
        raise ValidationFailed("delivery.address.country", "must be an ISO 3166-1 alpha-2 code")
    for field in ("recipient", "street", "city", "postal_code", "region", "phone"):
        check_text(f"delivery.address.{_camel(field)}", getattr(address, field))


def check_pickup_point(mode: DeliveryMode, address: Address) -> None:
    """Nothing, when the address names a pickup point only if the goods are carried to one.

    Raises:
        ValidationFailed: a pickup point for another mode, a malformed id, or a name without one.
    """
    field = "delivery.address.pickupPointId"
    if address.pickup_point_id is None:
        if address.pickup_point_name is not None:
            raise ValidationFailed(field, "is required with a name")
        return
    if mode is not DeliveryMode.PICKUP_POINT:
        raise ValidationFailed(field, f"must be absent for {mode.value}")
    if needed_line(field, address.pickup_point_id, 64) != address.pickup_point_id:
        raise ValidationFailed(field, "must not begin or end with blanks")
    check_text(field, address.pickup_point_id)
    name = "delivery.address.pickupPointName"
    one_line(name, address.pickup_point_name or "", MAX_TEXT)
    check_text(name, address.pickup_point_name)


def check_payments(payments: Sequence[GivenPayment]) -> None:
    """Nothing, when the payments have what their tenders need and one at most takes the rest.

    Raises:
        ValidationFailed: see `check_payment`; none, more than 10, or two that take the rest.
    """
    if not 1 <= len(payments) <= MAX_PAYMENTS:
        raise ValidationFailed("payments", f"must be 1 to {MAX_PAYMENTS}")
    for payment in payments:
        check_payment(payment)
    takers = [each for each in payments if each.amount is None and each.tender not in _UP_TO]
    if len(takers) > 1:
        raise ValidationFailed("payments", "must have amounts, but for the one that pays the rest")


def check_payment(payment: GivenPayment) -> None:
    """Nothing, when the payment has what its tender needs.

    Raises:
        ValidationFailed: CARD without a token, GIFT_CARD without a code, CHEQUE without a number;
            what another tender needs; an amount that is not positive; a card number.
    """
    for field, tender, text in (
        ("token", Tender.CARD, payment.token),
        ("code", Tender.GIFT_CARD, payment.code),
        ("number", Tender.CHEQUE, payment.number),
    ):
        if payment.tender is tender and not text:
            raise ValidationFailed(f"payment.{field}", f"is required for {tender.value}")
        check_text(f"payment.{field}", text)
    if payment.code is not None and payment.tender is not Tender.GIFT_CARD:
        raise ValidationFailed("payment.code", "is for GIFT_CARD only")
    if payment.number is not None and payment.tender not in _NUMBERED:
        raise ValidationFailed("payment.number", "is for CHEQUE only")
    if payment.amount is not None and payment.amount.amount_minor <= 0:
        raise ValidationFailed("payment.amount", "must be more than 0")


def check_single_payment(payment: GivenPayment) -> None:
    """Nothing, when the payment can pay a difference by itself.

    Raises:
        ValidationFailed: see `check_payment`; it has an amount of its own, or is of a tender that
            has to be looked up or waited for.
    """
    check_payment(payment)
    if payment.tender not in PLAIN:
        raise ValidationFailed("payment.tender", "cannot pay the difference of a change")
    if payment.amount is not None:
        raise ValidationFailed("payment.amount", "must be absent: the difference is paid")


def check_paid_at_once(payments: Sequence[GivenPayment]) -> None:
    """Nothing, when the money of all payments is there at once.

    Raises:
        ValidationFailed: otherwise.
    """
    if any(payment.tender in RECEIVED_LATER for payment in payments):
        raise ValidationFailed("payment.tender", "goods that are taken away are paid at once")


def check_text(field: str, text: str | None) -> None:
    """Nothing, when the text is short and holds no card number.

    Raises:
        ValidationFailed: otherwise.
    """
    if text is None:
        return
    if len(text) > MAX_TEXT:
        raise ValidationFailed(field, f"must have at most {MAX_TEXT} characters")
    check_no_card_number(field, text)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)
