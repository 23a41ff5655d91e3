"""Present state in the shape of event payloads: what a live subscription starts from."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.ids import LocationId
from domain.common.sql import among
from domain.returns.events import return_payload
from domain.returns.model import ReturnState
from domain.returns.repository import read_returns
from domain.returns.tables import sales_return

MAX_WAITING = 500
_OPEN = [ReturnState.RECEIVED.value, ReturnState.AUTHORISED.value, ReturnState.IN_TRANSIT.value]


async def return_states(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> list[dict[str, Any]]:
    """The public state of the returns of those orders, oldest first; one statement."""
    ids = [UUID(str(each)) for each in order_ids]
    found = await read_returns(
        connection,
        among(sales_return.c.order_id, ids),
        sales_return.c.requested_at,
        sales_return.c.id,
    )
    return [return_payload(each) for each in found]


async def waiting_states(
    connection: AsyncConnection, location_id: LocationId
) -> list[dict[str, Any]]:
    """The public state of the returns that came to a location and are not over, oldest first."""
    found = await read_returns(
        connection,
        sa.and_(sales_return.c.location_id == location_id, sales_return.c.state.in_(_OPEN)),
        sales_return.c.requested_at,
        sales_return.c.id,
        limit=MAX_WAITING,
    )
    return [return_payload(each) for each in found]
