"""Orders of the past out of a file with a row for each line of an order, by the rules of
`domain.integrations.loading`.

An order is applied whole: a bad row refuses the others of its order too. Goods that have left since
are received first, as many as left, so that the stock of today stays what it is; goods of orders
that are still open are taken from it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.catalog.drafts import check_price
from domain.common.errors import DomainError, NotFound, ValidationFailed
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.common.money import Money
from domain.common.texts import DEFAULT_LANGUAGE, checked_code, checked_language, needed_line
from domain.common.transaction import Tx
from domain.customers.model import GivenCustomer
from domain.imports.chunks import Chunk, Refused, StagedRow, Unfit, refuse, rows_of_chunk
from domain.imports.model import IMPORTER, ImportJob, Tally
from domain.imports.values import moment_of, money_of, number_of, parsed
from domain.integrations.loading import known_references, load_orders
from domain.integrations.model import HistoricOrder, HistoricState
from domain.locations.bulk import location_ids
from domain.locations.model import LocationCode
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PlaceOrder
from domain.orders.model import Address
from domain.orders.states import DeliveryMode
from domain.payments.model import Tender
from domain.stock.locking import lock_levels
from domain.stock.model import Demand
from domain.stock.receive import receive

MAX_REFERENCE = 60
UNKNOWN_CARRIER = "IMPORT"
_GONE = frozenset({HistoricState.SHIPPED, HistoricState.DELIVERED})
_OF_THE_ORDER = (
    "channel", "placed_at", "status", "currency", "customer_source", "customer_reference",
    "recipient", "street", "city", "region", "postal_code", "country", "shipping", "approved_at",
    "shipped_at", "delivered_at", "carrier", "language",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A row in normal form: a line of an order, and all that its order says."""

    sku: Sku
    quantity: int
    unit_price: Money
    location: LocationCode
    shipping: Money
    state: HistoricState
    placed_at: datetime
    approved_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    carrier: str
    language: str


@dataclass(frozen=True, slots=True)
class _Told:
    """An order with its rows."""

    order: HistoricOrder
    rows: Sequence[StagedRow]
    carrier: str


async def apply_orders(tx: Tx, job: ImportJob, chunk: Chunk) -> Tally:
    """What became of the rows of the chunk. Orders that the channel knows by their reference stay
    as they are. Publishes what `load_orders` does, and StockChanged for goods that came and left.

    Locks: stock levels in (location, sku) order.

    Raises:
        Unfit: a rule refuses one of the orders.
    """
    rows = await rows_of_chunk(tx, job, chunk)
    told, refused = await asyncio.to_thread(_orders, rows)
    channels = {each.order.command.channel for each in told}
    references = [each.order.reference for each in told]
    known = {
        (code, reference)
        for code in channels
        for reference in await known_references(tx.connection, code, references)
    }
    fresh = [
        each for each in told if (each.order.command.channel, each.order.reference) not in known
    ]
    applied = sum(len(each.rows) for each in fresh)
    if fresh:
        try:
            await _load(tx, job, fresh)
        except DomainError as error:
            raise Unfit(chunk, error.message) from error
    await refuse(tx, job, refused)
    return Tally(applied, len(rows) - applied - len(refused), len(refused))


async def _load(tx: Tx, job: ImportJob, fresh: Sequence[_Told]) -> None:
    orders = [each.order for each in fresh]
    places = await location_ids(tx, sorted({code for each in orders for code in each.sellers}))
    reference = f"import {job.id}"
    if missing := sorted({code for each in orders for code in each.sellers} - places.keys()):
        raise NotFound("location", missing[0])
    await lock_levels(tx, _units(orders, places))
    gone = _units((each for each in orders if each.state in _GONE), places)
    if gone:
        await receive(tx, gone, reference)
    await load_orders(tx, IMPORTER, orders, carrier=fresh[0].carrier, reference=reference)


def _units(
    orders: Iterable[HistoricOrder], places: Mapping[LocationCode, LocationId]
) -> list[Demand]:
    return [
        Demand(line.sku, places[code], line.quantity)
        for each in orders
        if each.takes_stock
        for line, code in zip(each.command.lines, each.sellers, strict=True)
    ]


def _orders(rows: Sequence[StagedRow]) -> tuple[list[_Told], list[Refused]]:
    """The orders that the rows make, in the order of the file, and the rows that make none."""
    lines, refused = parsed(rows, order_line)
    bad = {each.row.place: each.row.line for each in refused}
    orders: dict[int, list[tuple[StagedRow, OrderLine]]] = {}
    for row, line in lines:
        if row.place in bad:
            reason = f"line {bad[row.place]}, of the same order, was refused"
            refused.append(Refused(row, reason))
        else:
            orders.setdefault(row.place, []).append((row, line))
    told: list[_Told] = []
    for given in orders.values():
        try:
            told.append(_told(given))
        except ValidationFailed as error:
            refused += [Refused(row, error.message) for row, _ in given]
    return told, refused


def order_line(row: StagedRow) -> OrderLine:
    """The row in normal form.

    Raises:
        ValidationFailed: a value is missing or malformed.
    """
    currency = row["currency"]
    quantity = number_of("quantity", row["quantity"])
    placed_at = moment_of("placed_at", row["placed_at"])
    if quantity is None or placed_at is None:
        raise ValidationFailed("quantity" if quantity is None else "placed_at", "is missing")
    try:
        state = HistoricState(row["status"].strip().upper())
    except ValueError as error:
        names = ", ".join(state.value for state in HistoricState)
        raise ValidationFailed("status", f"must be one of {names}") from error
    needed_line("reference", row["reference"], MAX_REFERENCE)
    return OrderLine(
        sku=Sku(row["sku"].strip()),
        quantity=quantity,
        unit_price=_amount("unit_price", row["unit_price"], currency),
        location=LocationCode(row["location"].strip()),
        shipping=_amount("shipping", row["shipping"] or "0", currency),
        state=state,
        placed_at=placed_at,
        # A cancelled order has nothing set aside any more; what it had is not of today's stock.
        approved_at=None
        if state is HistoricState.CANCELLED
        else moment_of("approved_at", row["approved_at"]),
        shipped_at=moment_of("shipped_at", row["shipped_at"]),
        delivered_at=moment_of("delivered_at", row["delivered_at"]),
        carrier=checked_code("carrier", row["carrier"].strip().upper() or UNKNOWN_CARRIER),
        language=checked_language("language", row["language"].strip() or DEFAULT_LANGUAGE),
    )


def _amount(field: str, text: str, currency: str) -> Money:
    amount = money_of(field, text, currency)
    check_price(field, amount)
    return amount


def _told(given: Sequence[tuple[StagedRow, OrderLine]]) -> _Told:
    """The order of those rows.

    Raises:
        ValidationFailed: they do not say the same of the order.
    """
    row, first = given[0]
    for other, _ in given[1:]:
        for name in _OF_THE_ORDER:
            if other[name].strip() != row[name].strip():
                raise ValidationFailed(name, f"differs from line {row.line}, of the same order")
    reference = row["reference"].strip()
    command = PlaceOrder(
        idempotency_key=f"import-{reference}",
        channel=ChannelCode(row["channel"].strip()),
        customer=GivenCustomer(
            source=row["customer_source"].strip(), reference=row["customer_reference"].strip()
        ),
        lines=tuple(OrderedLine(line.sku, line.quantity, line.unit_price) for _, line in given),
        delivery=Delivery(DeliveryMode.SHIP, _address(row)),
        payment=GivenPayment(Tender.EXTERNAL),
        currency=first.unit_price.currency,
        language=first.language,
        shipping=first.shipping,
        external_reference=reference,
    )
    order = HistoricOrder(
        command=command,
        sellers=tuple(line.location for _, line in given),
        state=first.state,
        placed_at=first.placed_at,
        approved_at=first.approved_at,
        shipped_at=first.shipped_at,
        delivered_at=first.delivered_at,
        reason="cancelled" if first.state is HistoricState.CANCELLED else None,
        tracking=f"{command.channel}-{reference}",  # channels may use the same references
    )
    return _Told(order, [row for row, _ in given], first.carrier)


def _address(row: StagedRow) -> Address:
    return Address(
        recipient=row["recipient"].strip(),
        street=row["street"].strip(),
        city=row["city"].strip(),
        region=row["region"].strip(),
        postal_code=row["postal_code"].strip(),
        country=row["country"].strip(),
    )
