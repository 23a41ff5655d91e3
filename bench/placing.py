"""Many clients that place orders over HTTP, and what that costs the server."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from strawberry import relay

from bench.processes import cpu_of_trees
from bench.service import Service
from bench.wire import Wire
from bench.world import PLACE
from domain.common.database import write_engine
from domain.common.ids import ChannelCode
from domain.identity.model import Role


@dataclass(frozen=True, slots=True)
class Placing:
    """How a run went: orders a second, and CPU of the server's processes per order."""

    per_second: float
    cpu_ms: float


def uuid_in(global_id: str) -> UUID:
    """The id inside a global id."""
    return UUID(relay.GlobalID.from_id(global_id).node_id)


def client_token(running: Service) -> str:
    """A token of the web shop."""
    return running.token(Role.CHANNEL, channel_codes=(ChannelCode("web"),))


async def leave(url: str, place: UUID, sku: str, units: int) -> None:
    """So many units of the SKU can still be sold at the place: the others become safety stock."""
    query = sa.text(
        "update stock_level set safety = on_hand - allocated - reserved - damaged - inspection"
        " - quality_hold - display - :units where sku = :sku and location_id = :place"
    )
    engine = write_engine(url)
    async with engine.begin() as connection:
        await connection.execute(query, {"sku": sku, "place": place, "units": units})
    await engine.dispose()


async def placed_by(
    running: Service,
    token: str,
    wishes: Sequence[dict[str, Any]],
    clients: int,
    roots: Sequence[int],
) -> Placing:
    """`clients` place all of them.

    Raises:
        RuntimeError: an order is not placed.
    """
    waiting = list(wishes)

    async def buy() -> None:
        wire = Wire(running, token, PLACE)
        while waiting:
            answer = await wire.ask({"input": waiting.pop()})
            if answer.get("errors") or "order" not in answer["data"]["placeOrder"]:
                raise RuntimeError(answer)
        wire.close()

    before, started = cpu_of_trees(roots), time.perf_counter()
    await asyncio.gather(*[buy() for _ in range(clients)])
    took = time.perf_counter() - started
    spent = cpu_of_trees(roots) - before
    return Placing(len(wishes) / took, 1000 * spent / len(wishes))
