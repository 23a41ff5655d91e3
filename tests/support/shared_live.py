"""Looking into the shared execution of a running application, and clients to try it with."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.live.events import SharedEvents
from app.live.operation import SharedOperation
from app.live.protocol import SocketProtocol
from app.server import listen
from domain.common.ids import ChannelCode, OrderId, Sku
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.checkout import place_order
from domain.orders.commands import ChangeHold, Delivery, GivenPayment
from domain.orders.holding import hold_order, release_hold
from domain.orders.states import DeliveryMode, Hold
from domain.payments.model import Tender
from domain.returns.commands import BagOrder, ReceiveBag
from domain.returns.model import ReturnLine, ReturnReason
from domain.returns.receiving import receive_bag
from domain.stock.model import Demand
from domain.stock.receive import receive
from subscriptions.cohort import Cohort
from subscriptions.fanout import Fanout
from subscriptions.metrics import LiveMetrics
from tests.support.api import Api, LiveSocket
from tests.support.packed_order import loaded
from tests.support.road import counted
from tests.support.shop import ADMIN, ROME, ROME_TILL, Shop, order
from tests.support.stock import place
from tests.support.waiting import until


def cohorts(api: Api) -> list[Cohort[Any]]:
    """All cohorts of the application."""
    fanout: Fanout = api.resources.fanout
    return list(fanout._cohorts.values())  # pyright: ignore[reportPrivateUsage]


def seating(api: Api) -> list[set[str]]:
    """The ids of the operations that sit together, one set for each cohort; live ones only. An
    event stream has no id: it is called so.
    """
    return sorted(({_id_of(each) for each in cohort.live} for cohort in cohorts(api)), key=sorted)


def _id_of(member: Any) -> str:
    if isinstance(member, SharedEvents):
        return "event stream"
    assert isinstance(member, SharedOperation)
    return member._operation_id  # pyright: ignore[reportPrivateUsage]


def live_metrics(api: Api) -> LiveMetrics:
    """What the application's hub counts."""
    return api.resources.services.live.metrics


def counts(api: Api) -> tuple[int, int]:
    """Open subscriptions and cohorts, as told to Prometheus."""
    metrics = live_metrics(api)
    return int(counted(metrics.subscriptions)()), int(counted(metrics.cohorts)())


_UNSEQUENCED = sa.text("SELECT count(*), (SELECT last_seq FROM sequencer_state) FROM outbox")


async def until_all_is_told(api: Api) -> None:
    """Returns once the hub has heard of everything that was committed."""
    services = api.resources.services

    async def is_told() -> bool:
        async with services.database.reads.connect() as connection:
            left, seq = (await connection.execute(_UNSEQUENCED)).one()
        return left == 0 and seq == services.live.last_seq

    await until(is_told)


async def until_nobody_is_left(api: Api) -> None:
    """Returns once no subscription is open, and nothing of one is kept."""
    await until(lambda: counts(api) == (0, 0))
    await until(lambda: not api.resources.services.live.has_subscribers)
    assert cohorts(api) == []


def token_of(api: Api, actor: Actor) -> str:
    """A token of the actor's."""
    return api.token(
        actor.role,
        subject=actor.subject,
        locations=tuple(actor.location_ids),
        channels=tuple(actor.channel_codes),
        customer=actor.customer_id,
    )


async def text_of(client: LiveSocket) -> str:
    """The next message as it came."""
    async with asyncio.timeout(10):
        text = await client.connection.recv()
    assert isinstance(text, str)
    return text


async def payload_of(client: LiveSocket, name: str = "1") -> dict[str, Any]:
    """The value of the only root field in the next message, which is one of that operation."""
    message = await client.receive()
    assert (message["type"], message["id"]) == ("next", name), message
    assert "errors" not in message["payload"], message
    return next(iter(message["payload"]["data"].values()))


async def is_silent(client: LiveSocket) -> bool:
    """Whether nothing was sent so far: the answer to a ping comes first."""
    await client.send({"type": "ping"})
    return await client.receive() == {"type": "pong"}


@dataclass(frozen=True, slots=True)
class NarrowSocket:
    """A client whose server waits as soon as a little is not read."""

    client: LiveSocket
    protocol: SocketProtocol

    def stop_reading(self) -> None:
        self.client.connection.transport.pause_reading()

    def read_again(self) -> None:
        self.client.connection.transport.resume_reading()

    @property
    def is_full(self) -> bool:
        """Whether the server holds back."""
        return not self.protocol.writable.is_set()


@contextlib.asynccontextmanager
async def narrow_socket(api: Api, token: str) -> AsyncGenerator[NarrowSocket]:
    """A socket with small buffers in the kernel, authenticated."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", api.port))
    async with api.open_socket(sock=raw) as opened:
        assert (await opened.init(token))["type"] == "connection_ack"
        protocol = _protocol_of(api, raw.getsockname())
        server_side = protocol.transport.get_extra_info("socket")
        server_side.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        yield NarrowSocket(opened, protocol)


def _protocol_of(api: Api, address: tuple[str, int]) -> SocketProtocol:
    (found,) = [
        each
        for each in api.server.server_state.connections
        if isinstance(each, SocketProtocol) and each.client == address
    ]
    return found


@contextlib.asynccontextmanager
async def unshared(api: Api) -> AsyncGenerator[Api]:
    """The same application at a port where uvicorn's own protocol serves: nothing is shared."""
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            api.app,
            loop="none",
            http="httptools",
            ws=WebSocketsSansIOProtocol,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listener]))
        try:
            await until(lambda: server.started or task.done())
            yield replace(api, port=listener.getsockname()[1], server=server)
        finally:
            server.should_exit = True
            await task


async def goods_came(shop: Shop, *skus: str, code: str = "ROME") -> None:
    """One unit of each of these SKUs came in, in one commit."""
    demands = [Demand(Sku(sku), place(code), 1) for sku in skus or ("HAT",)]

    async def work(tx: Tx) -> None:
        await receive(tx, demands, "PO-1")

    await shop.database.run(work, actor_key=ADMIN.key)


async def hold_changed(shop: Shop, order_id: OrderId, *, on: bool) -> None:
    """The order's hold for fraud is put on, or lifted: one more version."""
    step = hold_order if on else release_hold
    command = ChangeHold(uuid4().hex, order_id, Hold.FRAUD)
    await shop.database.run(lambda tx: step(tx, ADMIN, command), actor_key=ADMIN.key)


async def goods_brought_back(shop: Shop) -> None:
    """A hat is sold at Rome's till, and brought back there: one commit about returns."""
    wish = order(
        channel=ChannelCode("POS"),
        delivery=Delivery(DeliveryMode.TAKE_AWAY, location_id=ROME),
        payment=GivenPayment(Tender.CASH),
    )
    sold = await loaded(shop, (await place_order(shop.till(ROME_TILL), wish)).order_id)
    line = ReturnLine(sold.lines[0].id, 1, ReturnReason.OTHER)
    bag = ReceiveBag(uuid4().hex, ROME, (BagOrder((line,), sold.id),))
    await shop.database.run(lambda tx: receive_bag(tx, ROME_TILL, bag), actor_key=ROME_TILL.key)
