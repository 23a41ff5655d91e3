"""What makes a `PlaceOrder` acceptable before anything is looked up. Pure."""

from dataclasses import replace

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import Forbidden, ValidationFailed
from domain.common.texts import needed_line, one_line
from domain.identity.model import AT_LOCATION, Actor, Role
from domain.orders.commands import GivenPayment, PlaceOrder
from domain.orders.model import Address
from domain.orders.states import CARRIED, DeliveryMode
from domain.payments.model import Tender

MAX_LINES = 200
MAX_QUANTITY = 100_000
MAX_TEXT = 200
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
    priced = command.shipping is not None or any(line.unit_price for line in command.lines)
    if priced and actor.role not in PRICE_SETTERS:
        raise Forbidden("this role may not set prices")
    check_tender_scope(actor, command.payment.tender)
    return command


def check_tender_scope(actor: Actor, tender: Tender) -> None:
    """Nothing, when the actor may take this tender.

    Raises:
        Forbidden: otherwise.
    """
    if tender in (Tender.CASH, Tender.TERMINAL) and actor.role not in TILL_ROLES | {Role.ADMIN}:
        raise Forbidden(f"{tender.value} is taken at a till only")
    if tender is Tender.EXTERNAL and actor.role not in PRICE_SETTERS:
        raise Forbidden("EXTERNAL payment is for integrations")


def check_order(actor: Actor, command: PlaceOrder) -> None:
    """Nothing, when the command is well formed.

    Raises:
        ValidationFailed: the first thing that is not.
    """
    if not 1 <= len(command.lines) <= MAX_LINES:
        raise ValidationFailed("lines", f"must be 1 to {MAX_LINES}")
    for position, line in enumerate(command.lines):
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise ValidationFailed(f"lines.{position}.quantity", f"must be 1 to {MAX_QUANTITY}")
        if line.unit_price is not None and line.unit_price.amount_minor < 0:
            raise ValidationFailed(f"lines.{position}.unitPrice", "must not be negative")
    if command.shipping is not None and command.shipping.amount_minor < 0:
        raise ValidationFailed("shipping", "must not be negative")
    _check_delivery(command)
    check_payment(command.payment)
    for field, text in (
        ("sourceCode", command.source_code),
        ("externalReference", command.external_reference),
    ):
        check_text(field, text)


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


def check_payment(payment: GivenPayment) -> None:
    """Nothing, when the payment has what its tender needs.

    Raises:
        ValidationFailed: CARD without a token, or a token that is a card number.
    """
    if payment.tender is Tender.CARD and not payment.token:
        raise ValidationFailed("payment.token", "is required for CARD")
    check_text("payment.token", payment.token)


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
