"""Reading disputes."""

from typing import Annotated

import strawberry

from domain.common.paging import PageRequest
from domain.identity.model import Role
from domain.payments.disputes import count_disputes, disputes_page
from domain.payments.news import DisputeState
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.disputes import Dispute
from schema.inputs import After, First
from schema.refusals import checked


@strawberry.type
class DisputesQuery:
    """Root fields that read disputes."""

    @strawberry.field(
        description="Payments that customers' banks take back, newest first.",
        extensions=[Allow(Role.FINANCE, Role.OPERATIONS, Role.ADMIN)],
    )
    async def disputes(
        self,
        info: Info,
        states: Annotated[
            list[DisputeState] | None,
            strawberry.argument(description="Only in one of these states."),
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Dispute]:
        """A page of disputes."""
        request = checked(lambda: PageRequest.of(first, after))
        page = await info.context.read(lambda c: disputes_page(c, states, request))
        return connection_of(
            page,
            Dispute.of,
            lambda: info.context.read(lambda c: count_disputes(c, states)),
        )
