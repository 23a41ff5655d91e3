"""`python -m bench.baselines.reading PORT DATABASE_URL`: our types, resolvers and statements,
served by Strawberry as in its manual: default executor, no extensions, nothing kept between
requests.

Everybody is an administrator: reading tokens is not what is compared.
"""

import contextlib
import sys
from collections.abc import AsyncGenerator
from typing import Any, cast

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from strawberry.asgi import GraphQL

from app.schema import Query, bare_schema
from domain.common.database import Database, read_engine, write_engine
from domain.identity.model import Actor, Role
from schema.context import Context, Services

ADMIN = Actor("bench", Role.ADMIN)


class Usual(GraphQL[Context, None]):
    """Strawberry's view with our context."""

    database: Database

    async def get_context(self, request: Any, response: Any) -> Context:
        del request, response
        nothing = cast(Any, None)
        return Context(Services(self.database, nothing, nothing), ADMIN, "bench")


def main() -> None:
    """Serves until it is told to stop."""
    url = sys.argv[2]
    view = Usual(strawberry.Schema(Query, config=bare_schema().config))
    view.database = Database(write_engine(url), read_engine(url), after_commit=lambda: None)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await view.database.close()

    async def graphql(request: Request) -> Any:
        return await view.run(request)

    app = Starlette(routes=[Route("/graphql", graphql, methods=["POST"])], lifespan=lifespan)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", log_level="warning")


if __name__ == "__main__":
    main()
