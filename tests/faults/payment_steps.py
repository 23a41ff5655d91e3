"""Use cases that ask a PSP, each in a process that is killed (SIGKILL) at a step of it.

The processes are forked off a server that has imported all this once, so that each costs little.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable
from uuid import UUID

from domain.common.database import Database, write_engine
from domain.common.ids import OrderId
from domain.common.money import Money
from domain.orders.cancel import cancel_order
from domain.orders.checkout import place_order
from domain.orders.commands import ChangeOrder
from domain.orders.release_money import settle_leftovers
from domain.orders.repaying import RefundOrder, refund_order
from domain.payments.gateway import GatewayAnswer
from domain.payments.sandbox import SandboxGateway
from tests.support.actors import FINANCE
from tests.support.packed_order import loaded, parcel, ship, shipping
from tests.support.shop import ADMIN, Shop, order

STEPS = ("asking", "asked", "recorded")
"""Before the PSP is asked, after it has done it, after its answer was recorded."""
REFUND_MINOR = 700
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


class _Dying(SandboxGateway):
    """A PSP around whose answer the process dies."""

    step = ""

    async def authorise(
        self, psp_key: str, token: str, amount_minor: int, currency: str
    ) -> GatewayAnswer:
        return await self._around(super().authorise(psp_key, token, amount_minor, currency))

    async def capture(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        return await self._around(super().capture(psp_key, reference, amount_minor))

    async def refund(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        return await self._around(super().refund(psp_key, reference, amount_minor))

    async def void(self, psp_key: str, reference: str) -> GatewayAnswer:
        return await self._around(super().void(psp_key, reference))

    async def _around(self, call: Awaitable[GatewayAnswer]) -> GatewayAnswer:
        if self.step == "asking":
            _die()
        answer = await call
        if self.step == "asked":
            _die()
        return answer


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def authorise(shop: Shop, key: str, order_id: OrderId) -> None:
    """An order is placed with that key."""
    del order_id
    await place_order(shop.till(), order(key))


async def capture(shop: Shop, key: str, order_id: OrderId) -> None:
    """The packed order is shipped with that key."""
    ready = await loaded(shop, order_id)
    await ship(shop, shipping(ready, parcel(f"N-{key}", HAT=1), key=key))


async def void(shop: Shop, key: str, order_id: OrderId) -> None:
    """The order is cancelled with that key."""
    command = ChangeOrder(key, order_id)
    await shop.database.run(lambda tx: cancel_order(tx, ADMIN, command), actor_key=ADMIN.key)
    await settle_leftovers(shop.database, shop.gateway, order_id, ADMIN.key)


async def refund(shop: Shop, key: str, order_id: OrderId) -> None:
    """Some of what was captured of the order is given back with that key."""
    command = RefundOrder(key, order_id, Money(REFUND_MINOR, "EUR"), "sorry")
    await shop.database.run(lambda tx: refund_order(tx, FINANCE, command), actor_key=FINANCE.key)
    await settle_leftovers(shop.database, shop.gateway, order_id, FINANCE.key)


OPERATIONS: dict[str, Callable[[Shop, str, OrderId], Awaitable[None]]] = {
    each.__name__: each for each in (authorise, capture, void, refund)
}


def _run(url: str, operation: str, step: str, key: str, order_id: str) -> None:
    async def main() -> None:
        engine = write_engine(url, pool_size=2)
        gateway = _Dying(engine)
        gateway.step = step
        shop = Shop(Database(engine, engine, lambda: None), gateway)
        await OPERATIONS[operation](shop, key, OrderId(UUID(order_id)))
        _die()

    asyncio.run(main())


async def killed(url: str, operation: str, step: str, key: str, order_id: UUID) -> None:
    """The operation was begun in a process of its own, which was killed at that step."""
    process = _PROCESSES.Process(target=_run, args=(url, operation, step, key, str(order_id)))
    process.start()
    await asyncio.to_thread(process.join, 30)
    assert process.exitcode == -signal.SIGKILL, process.exitcode
