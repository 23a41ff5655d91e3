"""Reading and writing returns."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from domain.common.errors import NotFound
from domain.common.ids import CustomerId, LocationId, OrderId, ReturnId
from domain.common.paging import Keyset, Page, PageRequest, page_of
from domain.common.sql import among, children, insert_many, together, upsert_many
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import AT_LOCATION, Actor
from domain.orders.model import Order
from domain.orders.repository import locked_order
from domain.orders.tables import sales_order
from domain.orders.visibility import visible_to as visible_orders
from domain.returns.events import return_changed
from domain.returns.model import Inspection, Return, ReturnState
from domain.returns.tables import return_inspection, return_line, sales_return

_RETURNS = TypeAdapter(list[Return])
_COLUMNS = [column.name for column in sales_return.columns]
_LINE = [column.name for column in return_line.columns]
_INSPECTION = [column.name for column in return_inspection.columns]
_CHANGING = [
    "state",
    "code",
    "carrier",
    "tracking_number",
    "location_id",
    "reason",
    "fee_minor",
    "credited_minor",
    "exchange_order_id",
    "exchange_minor",
    "expires_at",
    "received_at",
    "ended_at",
    "updated_at",
    "version",
]


@dataclass(frozen=True, slots=True)
class ReturnFilter:
    """Which returns to list; None means any. Those of a location were received there."""

    location_id: LocationId | None = None
    state: ReturnState | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The filter over `sales_return`."""
        wanted = {
            sales_return.c.location_id: self.location_id,
            sales_return.c.state: self.state.value if self.state else None,
        }
        return [column == value for column, value in wanted.items() if value is not None]


def _document() -> sa.ColumnElement[object]:
    lines = children(
        return_line, return_line.c.return_id == sales_return.c.id, return_line.c.line_id
    )
    found = children(
        return_inspection,
        return_inspection.c.return_id == sales_return.c.id,
        return_inspection.c.inspected_at,
        return_inspection.c.id,
    )
    return sa.func.to_jsonb(sales_return.table_valued()).op("||")(
        sa.func.jsonb_build_object("lines", lines, "inspections", found)
    )


def visible_to(actor: Actor) -> sa.ColumnElement[bool]:
    """A condition on `sales_return`: returns of orders that the actor may see, and those that came
    to a location of the actor.
    """
    mine = sa.select(sales_order.c.id).where(visible_orders(actor))
    of_orders = sales_return.c.order_id.in_(mine)
    if actor.role not in AT_LOCATION:
        return of_orders
    return sa.or_(of_orders, among(sales_return.c.location_id, sorted(actor.location_ids)))


async def read_returns(
    connection: AsyncConnection,
    condition: sa.ColumnElement[bool],
    *order: sa.ColumnElement[Any],
    limit: int | None = None,
) -> list[Return]:
    """The returns under a condition on `sales_return`, whole. One statement."""
    query = sa.select(_document()).where(condition).order_by(*order).limit(limit)
    return _RETURNS.validate_python((await connection.scalars(query)).all())


async def returns_by_id(
    connection: AsyncConnection, ids: Collection[ReturnId]
) -> dict[ReturnId, Return]:
    """The returns of those ids; unknown ids are absent."""
    found = await read_returns(connection, among(sales_return.c.id, ids))
    return {each.id: each for each in found}


async def returns_of(
    connection: AsyncConnection, order_ids: Collection[OrderId]
) -> dict[OrderId, list[Return]]:
    """The returns of those orders, oldest first, by order."""
    mine, c = among(sales_return.c.order_id, order_ids), sales_return.c
    found: dict[OrderId, list[Return]] = {}
    for each in await read_returns(connection, mine, c.requested_at, c.id):
        found.setdefault(each.order_id, []).append(each)
    return found


async def return_seen_by(
    connection: AsyncConnection,
    actor: Actor,
    *,
    return_id: UUID | None = None,
    number: str | None = None,
) -> Return | None:
    """A return in the actor's scope, by id; or by number, which staff of any location may know from
    the customer: goods can be brought anywhere.
    """
    if number is not None:
        anywhere = sa.true() if actor.role in AT_LOCATION else visible_to(actor)
        condition = sa.and_(sales_return.c.number == number, anywhere)
    else:
        condition = sa.and_(sales_return.c.id == return_id, visible_to(actor))
    return next(iter(await read_returns(connection, condition)), None)


async def returns_page(
    connection: AsyncConnection, actor: Actor, wanted: ReturnFilter, request: PageRequest
) -> Page[Return]:
    """The newest returns in the actor's scope."""
    query = sa.select(_document()).where(visible_to(actor), *wanted.conditions())
    place = sa.tuple_(sales_return.c.requested_at, sales_return.c.id)
    if request.after is not None:
        query = query.where(place < sa.tuple_(request.after.at, request.after.id))
    query = query.order_by(sales_return.c.requested_at.desc(), sales_return.c.id.desc())
    found = (await connection.scalars(query.limit(request.first + 1))).all()
    return page_of(
        _RETURNS.validate_python(found),
        request,
        lambda each: Keyset(each.requested_at, UUID(str(each.id))),
    )


async def count_returns(connection: AsyncConnection, actor: Actor, wanted: ReturnFilter) -> int:
    """How many returns the whole list of `returns_page` has."""
    query = sa.select(sa.func.count()).select_from(sales_return)
    return await connection.scalar(query.where(visible_to(actor), *wanted.conditions())) or 0


async def locked_return(connection: AsyncConnection, return_id: ReturnId) -> tuple[Order, Return]:
    """A return with its order, whose row is locked FOR NO KEY UPDATE: whoever changes a return
    holds the lock of its order.

    Raises:
        NotFound: there is no such return.
    """
    owner = sa.select(sales_return.c.order_id).where(sales_return.c.id == return_id)
    order_id = await connection.scalar(owner)
    if order_id is None:
        raise NotFound("return", str(return_id))
    order = await locked_order(connection, order_id)
    return order, (await returns_by_id(connection, [return_id]))[return_id]


async def due_returns(connection: AsyncConnection, limit: int) -> Sequence[ReturnId]:
    """Returns whose time to be sent is over, the longest first."""
    query = (
        sa.select(sales_return.c.id)
        .where(sales_return.c.expires_at <= sa.func.now())
        .order_by(sales_return.c.expires_at)
        .limit(limit)
    )
    return (await connection.scalars(query)).all()


async def store(
    tx: Tx, saved: Return, customer_id: CustomerId, found: Sequence[Inspection] = ()
) -> Return:
    """The return itself, written with what was just `found`; its event is published. The lock of
    its order must be held.
    """
    row: Mapping[str, Any] = {name: getattr(saved, name) for name in _COLUMNS}
    writes: list[UpdateBase] = [upsert_many(sales_return, _COLUMNS, _CHANGING, [row])]
    if saved.version == 1:
        lines = [{"return_id": saved.id, **asdict(line)} for line in saved.lines]
        writes.append(insert_many(return_line, _LINE, lines))
    if found:
        rows = [{"return_id": saved.id, **asdict(each)} for each in found]
        writes.append(insert_many(return_inspection, _INSPECTION, rows))
    await tx.connection.execute(together(*writes))
    await publish(tx, return_changed(saved, customer_id))
    return saved
