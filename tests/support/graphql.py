"""Asking the API's schema in process, in somebody's name."""

from functools import cache
from typing import Any

from strawberry import Schema
from strawberry.extensions import ParserCache, ValidationCache

from app.schema import Mutation, Query, bare_schema
from domain.identity.model import Actor
from schema.context import Context, Services


@cache
def remembering_schema(
    query: type = Query, mutation: type = Mutation, subscription: type | None = None
) -> Schema:
    """The schema of these root fields, without limits. It is built once, and a document that many
    tests ask is parsed and validated once.
    """
    return Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        config=bare_schema().config,
        extensions=[lambda: ParserCache(1_000), lambda: ValidationCache(1_000)],
    )


class Api:
    """A schema with services; every call is an operation of its own."""

    def __init__(self, schema: Schema, services: Services) -> None:
        self._schema = schema
        self._services = services

    async def ask(
        self, actor: Actor | None, document: str, variables: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        """The data (empty if none) and the codes (or messages) of top-level errors."""
        context = Context(self._services, actor, correlation_id="test")
        result = await self._schema.execute(document, variables, context_value=context)
        errors = result.errors or []
        return result.data or {}, [
            str((error.extensions or {}).get("code", error.message)) for error in errors
        ]

    async def do(self, actor: Actor | None, document: str, **variables: Any) -> Any:
        """The value of the operation's only root field; fails on any top-level error."""
        data, errors = await self.ask(actor, document, variables)
        assert not errors, errors
        return next(iter(data.values()))
