"""A small schema with a field for everything that can go wrong at the edge."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any, ClassVar

import strawberry
from asyncpg import SerializationError
from graphql import GraphQLError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.identity.model import Role
from schema.access import Allow
from schema.context import Info

SECRET = "postgresql://user:password@host/database"
First = Annotated[int, strawberry.argument(description="Entries.")]


@strawberry.type
class Thing:
    name: str = "thing"

    @strawberry.field
    def things(self, first: int = 20) -> list["Thing"]:
        return []

    @strawberry.field
    def same(self) -> "Thing":
        return Thing()


@strawberry.type
class ToyQuery:
    calls: ClassVar[list[str]] = []

    @strawberry.field
    def thing(self) -> Thing:
        return Thing()

    @strawberry.field
    def things(self, first: int = 20) -> list[Thing]:
        return []

    @strawberry.field
    def echo(self, global_id: Annotated[relay.GlobalID, strawberry.argument(name="id")]) -> str:
        return global_id.node_id

    @strawberry.field
    def defect(self) -> str | None:
        raise RuntimeError(SECRET)

    @strawberry.field
    def refusal(self) -> str | None:
        raise GraphQLError("not today", extensions={"code": "NOT_TODAY"})

    @strawberry.field
    def domain_refusal(self) -> str | None:
        raise ValidationFailed("first", "must be small")

    @strawberry.field
    def no_connection(self) -> str | None:
        raise PoolTimeout(SECRET)

    @strawberry.field
    def contended(self) -> str | None:
        raise DBAPIError(SECRET, None, SerializationError(SECRET))

    @strawberry.field
    def unreachable(self) -> str | None:
        raise ConnectionRefusedError(SECRET)

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(30)
        return "late"

    @strawberry.field
    def loaders_before(self, info: Info) -> int:
        before = len(info.context.loaders)
        info.context.loader("any", _nothing)
        return before

    @strawberry.field
    def subject(self, info: Info) -> str | None:
        return info.context.actor.subject if info.context.actor else None


@strawberry.type
class ToyMutation:
    @strawberry.mutation
    def change(self) -> str:
        ToyQuery.calls.append("change")
        return "changed"

    @strawberry.mutation
    async def slow_change(self) -> str:
        await asyncio.sleep(30)
        return "late"


@strawberry.type
class ToySubscription:
    @strawberry.subscription
    async def ticks(self, info: Info, count: int = 1) -> AsyncGenerator[str]:
        for number in range(count):
            yield f"{info.context.actor.subject if info.context.actor else None} {number}"

    @strawberry.subscription
    async def forever(self) -> AsyncGenerator[int]:
        ToyQuery.calls.append("opened")
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            ToyQuery.calls.append("closed")

    @strawberry.subscription
    async def flood(self) -> AsyncGenerator[str]:
        ToyQuery.calls.append("opened")
        try:
            while True:
                yield "x" * 60_000
                await asyncio.sleep(0)
        finally:
            ToyQuery.calls.append("closed")

    @strawberry.subscription(extensions=[Allow(Role.ADMIN)])
    async def guarded(self) -> AsyncGenerator[int]:
        ToyQuery.calls.append("opened")
        yield 0

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int]:
        yield 0
        raise RuntimeError(SECRET)


async def _nothing(keys: list[Any]) -> list[Any]:
    return keys


TOYS = {"query": ToyQuery, "mutation": ToyMutation, "subscription": ToySubscription}
