"""Keyset connections: at most 100 entries a page, `totalCount` counted only if asked."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import strawberry

from domain.common.paging import Page
from schema.access import access

N = TypeVar("N")
D = TypeVar("D")


@access()
@strawberry.type(description="Where a page of a connection ends.")
class PageInfo:
    """Relay's PageInfo, forwards only."""

    has_next_page: bool = strawberry.field(description="Whether more entries follow.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last entry: pass it as `after`."
    )


@access()
@strawberry.type(description="One entry of a connection.")
class Edge(Generic[N]):
    """An entry with its place."""

    cursor: str = strawberry.field(description="The entry's place in the list.")
    node: N = strawberry.field(description="The entry.")


async def _unknown_total() -> int:
    raise AssertionError("this connection was made without a count")


@access()
@strawberry.type(description="A page of a list.")
class Connection(Generic[N]):
    """A page of a list."""

    edges: list[Edge[N]] = strawberry.field(description="Entries, in the order of the list.")
    page_info: PageInfo = strawberry.field(description="Where the page ends.")
    count: strawberry.Private[Callable[[], Awaitable[int]]] = _unknown_total

    @strawberry.field(description="Number of entries in the whole list; counted when selected.")
    async def total_count(self) -> int:
        """The number of entries over all pages."""
        return await self.count()


def connection_of(
    page: Page[D], to_node: Callable[[D], N], count: Callable[[], Awaitable[int]]
) -> Connection[N]:
    """The connection of a domain page."""
    edges = [
        Edge(cursor=cursor, node=to_node(item))
        for item, cursor in zip(page.items, page.cursors, strict=True)
    ]
    info = PageInfo(
        has_next_page=page.has_next, end_cursor=page.cursors[-1] if page.cursors else None
    )
    return Connection(edges=edges, page_info=info, count=count)
