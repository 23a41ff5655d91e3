"""What holds for every mutation: replays, key conflicts, and refusals that change nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.all_tables import metadata
from domain.common.database import Database
from domain.identity.model import Actor
from domain.orders.place import Terms
from domain.sourcing.ruled import ByRuleSets
from schema.context import Services
from tests.support.actors import EVERYBODY_AND_A_CUSTOMER
from tests.support.graphql import Api, remembering_schema

_ERRORS = """... on Error { code message }
  ... on ValidationError { field } ... on NotFoundError { kind }
  ... on VersionConflictError { expected actual }"""


_PLACES = {"notification_cursor"}
"""How far readers of the log are, which moves by itself in a running app."""
_DIGESTS = sa.select(
    *[
        sa.literal_column(
            f"(SELECT concat(count(*), ' ', sum(hashtextextended(t::text, 0))) FROM {name} AS t)"
        ).label(name)
        for name in (table.name for table in metadata.sorted_tables)
        if name not in _PLACES
    ]
)


async def everything(engine: AsyncEngine) -> dict[str, str]:
    """A digest of the rows of each table: equal before and after when nothing was changed."""
    async with engine.connect() as connection:
        return dict((await connection.execute(_DIGESTS)).mappings().one())


async def events(engine: AsyncEngine) -> list[dict[str, Any]]:
    """All published events, in commit order."""
    outbox = metadata.tables["outbox"]
    async with engine.connect() as connection:
        rows = await connection.execute(sa.select(outbox.c.events).order_by(outbox.c.pos))
        return [event for (batch,) in rows for event in batch]


def api_of(engine: AsyncEngine, query: type, mutation: type) -> Api:
    """An API of these root fields only, for areas that take no payments."""
    database = Database(engine, engine, lambda: None)
    terms = Terms(ByRuleSets(), payment_window=timedelta(minutes=15))
    return Api(
        remembering_schema(query, mutation),
        Services(database, gateway=cast("Any", None), terms=terms),
    )


@dataclass(frozen=True)
class Mutation:
    """A mutation field with its input type and the fields to select on its payload."""

    name: str
    payload: str
    errors: str = ""

    @property
    def document(self) -> str:
        """The operation."""
        kind = self.name[0].upper() + self.name[1:]
        return f"""mutation($input: {kind}Input!) {{ {self.name}(input: $input) {{ __typename
          ... on {kind}Payload {{ {self.payload} }} {_ERRORS} {self.errors} }} }}"""

    async def do(self, api: Api, actor: Actor | None, given: dict[str, Any]) -> Any:
        """The payload or error of one call."""
        return await api.do(actor, self.document, input=given)

    async def succeed(self, api: Api, actor: Actor | None, given: dict[str, Any]) -> Any:
        """The payload of a call that works."""
        answer = await self.do(api, actor, given)
        assert answer["__typename"].endswith("Payload"), answer
        return answer

    async def refused(
        self, api: Api, engine: AsyncEngine, actor: Actor | None, given: dict[str, Any]
    ) -> Any:
        """The error of a call that is refused and changes nothing."""
        before = await everything(engine)
        answer = await self.do(api, actor, given)
        assert answer["__typename"].endswith("Error"), answer
        assert await everything(engine) == before
        return answer

    async def check_contract(
        self,
        api: Api,
        engine: AsyncEngine,
        actor: Actor,
        given: dict[str, Any],
        *,
        other: dict[str, Any],
        allowed: Collection[Actor],
    ) -> Any:
        """The payload of `given`, after making sure that a replay gives the same and changes
        nothing, that the key with `other` conflicts, and that only `allowed` callers get in.
        """
        await self.check_roles(api, engine, given, allowed)
        published = len(await events(engine))
        first = await self.succeed(api, actor, given)
        assert len(await events(engine)) == published + 1
        after = await everything(engine)
        assert await self.succeed(api, actor, given) == first
        assert await everything(engine) == after
        conflict = await self.refused(api, engine, actor, {**given, **other})
        assert conflict["code"] == "IDEMPOTENCY_CONFLICT"
        return first

    async def check_roles(
        self,
        api: Api,
        engine: AsyncEngine,
        given: dict[str, Any],
        allowed: Collection[Actor],
    ) -> None:
        """Callers that are not `allowed` are refused before anything runs."""
        before = await everything(engine)
        for caller in EVERYBODY_AND_A_CUSTOMER:
            if caller is not None and caller.role in {each.role for each in allowed}:
                continue
            data, errors = await api.ask(caller, self.document, {"input": given})
            assert errors == ["UNAUTHENTICATED" if caller is None else "FORBIDDEN"], caller
            assert not data
        assert await everything(engine) == before
