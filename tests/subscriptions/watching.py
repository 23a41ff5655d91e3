"""Subscriptions of the API's schema in process: payloads one by one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from strawberry import Schema

from domain.identity.model import Actor
from schema.context import Context, Services


class Refused(Exception):
    """The subscription did not start, or ended with errors."""

    def __init__(self, errors: list[Any]) -> None:
        self.codes = [str((error.extensions or {}).get("code", error.message)) for error in errors]
        super().__init__(self.codes)


class Watching:
    """A running subscription."""

    def __init__(self, results: AsyncIterator[Any]) -> None:
        self._results = results

    async def next(self) -> dict[str, Any]:
        """The value of the only root field in the next payload."""
        async with asyncio.timeout(10):
            result = await anext(self._results)
        if result.errors:
            raise Refused(result.errors)
        return cast("dict[str, Any]", next(iter(result.data.values())))

    async def take(self, count: int) -> list[dict[str, Any]]:
        return [await self.next() for _ in range(count)]


class LiveApi:
    """The schema, in anybody's name."""

    def __init__(self, schema: Schema, services: Services) -> None:
        self._schema = schema
        self._services = services

    @asynccontextmanager
    async def watch(
        self, actor: Actor | None, document: str, **variables: Any
    ) -> AsyncGenerator[Watching]:
        """A subscription, closed at the end."""
        context = Context(self._services, actor, correlation_id="test", websocket=True)
        results = cast(
            "AsyncGenerator[Any]",
            await self._schema.subscribe(document, variables, context_value=context),
        )
        try:
            yield Watching(results)
        finally:
            await results.aclose()

    async def refusal(self, actor: Actor | None, document: str, **variables: Any) -> list[str]:
        """The codes with which it is refused."""
        async with self.watch(actor, document, **variables) as watching:
            try:
                return [f"not refused: {await watching.next()}"]
            except Refused as refused:
                return refused.codes
