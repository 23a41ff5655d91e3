"""Decisions of sourcing: making them again, as they were or under an if."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.common.database import DbConnection
from domain.common.ids import LocationId
from domain.locations.repository import all_locations_by_id
from domain.orders.visibility import visible_order
from domain.sourcing.decisions import decision_by_id
from domain.sourcing.replaying import replayed
from domain.sourcing.wording.sentences import Language, places_in
from schema.access import Allow
from schema.context import Info
from schema.ids import id_of
from schema.refusals import asked, checked
from schema.sourcing_decisions import READERS
from schema.sourcing_replays import SourcingReplay


@strawberry.type
class SourcingReplaysQuery:
    """The root field that makes decisions again."""

    @strawberry.field(
        description="A stored decision made again from its own facts and rules: the same plan and "
        "hash, or, with rules or locations left out, what they were worth. Null when the decision "
        "is unknown or its order is not visible.",
        extensions=[Allow(*READERS)],
    )
    async def replay_sourcing_decision(
        self,
        info: Info,
        id: Annotated[relay.GlobalID, strawberry.argument(description="The decision.")],
        without_rules: Annotated[
            list[str] | None, strawberry.argument(description="Names of rules to leave out.")
        ] = None,
        without_locations: Annotated[
            list[relay.GlobalID] | None,
            strawberry.argument(description="Locations to leave out."),
        ] = None,
        language: Annotated[
            Language, strawberry.argument(description="The language of the sentences.")
        ] = Language.EN,
    ) -> SourcingReplay | None:
        """The replay or null."""
        actor, wanted = info.context.caller, checked(lambda: id_of(id, "SourcingDecision"))
        places = checked(
            lambda: [
                LocationId(id_of(each, "Location", "withoutLocations"))
                for each in without_locations or ()
            ]
        )

        async def read(connection: DbConnection) -> SourcingReplay | None:
            made = await decision_by_id(connection, wanted)
            if made is None:
                return None
            if await visible_order(connection, actor, order_id=made.order_id) is None:
                return None
            replay = await asked(
                replayed(
                    connection, made, without_rules=without_rules or (), without_locations=places
                )
            )
            named = await all_locations_by_id(
                connection, places_in(made.trace) | places_in(replay.trace)
            )
            names = {place: each.name for place, each in named.items()}
            return SourcingReplay.of(replay, names, language)

        return await info.context.read(read)
