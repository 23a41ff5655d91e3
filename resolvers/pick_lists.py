"""Pick lists: making and reading them."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.paging import PageRequest
from domain.fulfillment.pick_lists import (
    count_pick_lists,
    create_pick_list,
    pick_list_by_id,
    pick_lists_at,
)
from resolvers.answering import answer
from resolvers.fulfillment import Where, place_of
from resolvers.orders import WORKERS
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.ids import id_of
from schema.inputs import INPUT, After, First
from schema.pick_lists import (
    CreatePickListInput,
    CreatePickListPayload,
    CreatePickListResult,
    PickList,
)
from schema.refusals import checked


@strawberry.type
class PickListsQuery:
    """Root fields that read pick lists."""

    @strawberry.field(
        description="A pick list; null when unknown or of another location.",
        extensions=[Allow(*WORKERS)],
    )
    async def pick_list(
        self, info: Info, id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")]
    ) -> PickList | None:
        """The pick list or null."""
        wanted, actor = checked(lambda: id_of(id, "PickList")), info.context.caller
        found = await info.context.read(lambda c: pick_list_by_id(c, actor, wanted))
        return PickList.of(found) if found else None

    @strawberry.field(
        description="Pick lists of a location, newest first.", extensions=[Allow(*WORKERS)]
    )
    async def pick_lists(
        self, info: Info, location_id: Where, first: First = 20, after: After = None
    ) -> Connection[PickList]:
        """A page of pick lists."""
        place, actor = place_of(info.context, location_id), info.context.caller
        request = checked(lambda: PageRequest.of(first, after))
        page = await info.context.read(lambda c: pick_lists_at(c, actor, place, request))
        return connection_of(
            page,
            PickList.of,
            lambda: info.context.read(lambda c: count_pick_lists(c, actor, place)),
        )


@strawberry.type
class PickListsMutation:
    """Root fields that make pick lists."""

    @strawberry.mutation(
        description="Make a pick list of what some works still need, in the order of the walk. "
        "The works stay as they are.",
        extensions=[Allow(*WORKERS)],
    )
    async def create_pick_list(
        self, info: Info, input: Annotated[CreatePickListInput, INPUT]
    ) -> CreatePickListResult:
        """The pick list, or why not."""
        context = info.context

        async def run() -> CreatePickListPayload:
            actor, command = context.caller, input.to_domain()
            done = await context.run(lambda tx: create_pick_list(tx, actor, command))
            found = await context.read_primary(
                lambda c: pick_list_by_id(c, actor, done.pick_list_id)
            )
            assert found is not None  # whoever made it may see it
            return CreatePickListPayload(pick_list=PickList.of(found))

        return await answer(run())
