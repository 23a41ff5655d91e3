"""What every resolver and subscription gets: who asks, and the services of the house."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from domain.carriers.port import Adapters, Carrier
from domain.common.database import Database, DbConnection
from domain.common.transaction import Tx
from domain.identity.model import Actor
from domain.orders.batching.engine import OrderEngine
from domain.orders.place import Terms
from domain.payments.gateway import PaymentGateway
from domain.sourcing.rules.model import DEFAULT_TIME_ZONE
from schema.shared_reads import SharedReads

T = TypeVar("T")


@dataclass(slots=True)
class Services:
    """Long-lived resources, opened once per process by `app.resources`."""

    database: Database
    gateway: PaymentGateway
    terms: Terms
    live: Any = None
    """The hub of live events (`subscriptions.hub.Hub`); schema must not import it."""
    carriers: Adapters = field(default_factory=dict[str, Carrier])
    """Carriers with an API of their own; others work by their tables of rates."""
    engine: OrderEngine | None = None
    """Decides orders that come at the same time together; without it each is decided singly."""
    shared_reads: SharedReads = field(default_factory=SharedReads)
    merchant_time_zone: str = DEFAULT_TIME_ZONE
    """IANA time zone of dates and local times in rules."""


@dataclass(slots=True)
class Context:
    """One operation's context. Loaders are made anew for every operation (`fresh`)."""

    services: Services
    actor: Actor | None
    correlation_id: str
    websocket: bool = False
    loaders: dict[str, DataLoader[Any, Any]] = field(default_factory=dict[str, Any])

    @property
    def caller(self) -> Actor:
        """The authenticated caller.

        Raises:
            GraphQLError: code UNAUTHENTICATED, when there is none.
        """
        if self.actor is None:
            raise GraphQLError(
                "authenticate with a bearer token", extensions={"code": "UNAUTHENTICATED"}
            )
        return self.actor

    async def run(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """`work` in one transaction in the caller's name."""
        actor_key = self.actor.key if self.actor else "ANONYMOUS"
        return await self.services.database.run(
            work, actor_key=actor_key, correlation_id=self.correlation_id
        )

    async def read(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        """`query` on a read connection of its own."""
        return await self.services.database.read(query)

    async def read_primary(self, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        """As `read`, but on the primary: what the caller has just written is seen."""
        return await self.services.database.read_primary(query)

    async def shared_read(self, key: Hashable, query: Callable[[DbConnection], Awaitable[T]]) -> T:
        """As `read`, but whoever asks for the same `key` at the same time shares the answer."""
        return await self.services.shared_reads.ask(key, lambda: self.read(query))

    def loader(
        self, name: str, load: Callable[[list[Any]], Awaitable[list[Any]]]
    ) -> DataLoader[Any, Any]:
        """The operation's loader of that name; made with `load` at first use."""
        if name not in self.loaders:
            self.loaders[name] = DataLoader(load_fn=load)
        return self.loaders[name]

    def fresh(self) -> "Context":
        """The same caller and services, no loaded values."""
        return Context(self.services, self.actor, self.correlation_id, self.websocket)


Info = strawberry.Info[Context, None]
