"""What an edit would come to, by the same rules and the same code. Nothing is written or locked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import NotFound
from domain.common.ids import OrderId, OrderLineId, Sku
from domain.common.transaction import database_time
from domain.editing.commands import Change
from domain.editing.drafting import Draft, draft_for, edited
from domain.editing.model import shortfall
from domain.editing.rules import check_changes
from domain.identity.model import Actor
from domain.orders.model import Order
from domain.orders.place import Terms
from domain.orders.repository import orders_by_id
from domain.orders.states import CALLED_OFF
from domain.orders.visibility import require_visible
from domain.payments.refunding import leaving_minor


@dataclass(frozen=True, slots=True)
class PreviewedLine:
    """A line that the edit touches. Units that are called off are not in `quantity`, which is what
    the line would have. Of the units asked for, `available` have stock now, `waiting` would wait
    for some, `dropped` would not be ordered.
    """

    line_id: OrderLineId | None
    """None for a line that does not exist yet."""
    sku: Sku
    unit_price_minor: int
    quantity: int
    given_up: int
    available: int
    waiting: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Preview:
    """An order's `version` and what it would cost after an edit of it, minor units.

    `to_authorise_minor`: what a payment would be asked for; less than the difference where money
    that was put aside before covers a part. `possible`: whether there is stock enough, by the
    order's policy.
    """

    order_id: OrderId
    version: int
    currency: str
    present_minor: int
    edited_minor: int
    to_authorise_minor: int
    possible: bool
    lines: tuple[PreviewedLine, ...]


async def preview_edit(
    connection: AsyncConnection,
    actor: Actor,
    order_id: OrderId,
    changes: Sequence[Change],
    terms: Terms,
) -> Preview:
    """What `edit_lines.edit_order_lines` would do with these changes now.

    Raises:
        as `propose`, but for stock, versions and payments.
    """
    check_changes(changes)
    order = (await orders_by_id(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound("order", str(order_id))
    require_visible(actor, order)
    now = await database_time(connection)
    draft = await draft_for(connection, actor, order, changes, terms.sourcing, now)
    after = edited(order, draft.edit, None).order
    return Preview(
        order_id=order.id,
        version=order.version,
        currency=order.currency,
        present_minor=order.payable_minor,
        edited_minor=after.payable_minor,
        to_authorise_minor=shortfall(order, after, await leaving_minor(connection, order.id)),
        possible=draft.shortage is None,
        lines=tuple(_lines(order, after, draft)),
    )


def _lines(order: Order, after: Order, draft: Draft) -> list[PreviewedLine]:
    edit, known = draft.edit, {line.id for line in order.lines}
    touched = draft.wanted.keys() | edit.given_up.keys()
    served = dict.fromkeys(touched, 0)
    for part in edit.assignments:
        served[part.line_id] += part.quantity
    return [
        PreviewedLine(
            line_id=line.id if line.id in known else None,
            sku=line.sku,
            unit_price_minor=line.unit_price_minor,
            quantity=after.units_of(line.id, lambda group: group.state not in CALLED_OFF),
            given_up=edit.given_up.get(line.id, 0),
            available=served[line.id],
            waiting=(edit.unfilled or {}).get(line.id, 0),
            dropped=draft.wanted.get(line.id, 0) - edit.added.get(line.id, 0),
        )
        for line in draft.lines.values()
        if line.id in touched
    ]
