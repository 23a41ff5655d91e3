"""Labels: buying, editing, voiding, and reading them."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry
from strawberry import relay

from domain.identity.model import AT_LOCATION, Role
from domain.shipments.labelling.carrying_out import Office
from domain.shipments.labelling.create import create_label
from domain.shipments.labelling.edit import edit_label
from domain.shipments.labelling.repository import label_by_id, label_in_scope, labels_of_order
from domain.shipments.labelling.results import LabelDone
from domain.shipments.labelling.void import void_label
from domain.shipments.ship import SHIPPERS
from resolvers.answering import answer
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT
from schema.labels import (
    CreateLabelInput,
    EditLabelInput,
    Label,
    LabelPayload,
    LabelResult,
    VoidLabelInput,
)
from schema.refusals import checked

READERS = tuple(sorted(AT_LOCATION | {Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN}))


@strawberry.type
class LabelsQuery:
    """Root fields that read labels."""

    @strawberry.field(
        description="A label from a location of the caller; null when unknown or not visible.",
        extensions=[Allow(*READERS)],
    )
    async def label(
        self,
        info: Info,
        id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")],
    ) -> Label | None:
        """The label or null."""
        actor, wanted = info.context.caller, checked(lambda: id_of(id, "Label"))
        found = await info.context.read(lambda c: label_in_scope(c, actor, wanted))
        return Label.of(found) if found is not None else None

    @strawberry.field(
        description="The labels of an order from locations of the caller, the oldest first.",
        extensions=[Allow(*READERS)],
    )
    async def labels(
        self,
        info: Info,
        order_id: Annotated[relay.GlobalID, strawberry.argument(description="The order.")],
    ) -> list[Label]:
        """The labels."""
        actor, wanted = info.context.caller, checked(lambda: id_of(order_id, "Order", "orderId"))
        found = await info.context.read(lambda c: labels_of_order(c, actor, wanted))
        return [Label.of(each) for each in found]


@strawberry.type
class LabelsMutation:
    """Root fields that change labels."""

    @strawberry.mutation(
        description="Buy a label for packed goods, whose number then goes into "
        "shipFulfillmentOrder; or for a parcel, for example for its way back.",
        extensions=[Allow(*sorted(SHIPPERS))],
    )
    async def create_label(
        self, info: Info, input: Annotated[CreateLabelInput, INPUT]
    ) -> LabelResult:
        """The label, or why not."""
        context = info.context

        async def create() -> LabelPayload:
            command = input.to_domain()
            return await _shown(context, create_label(_office(context), context.caller, command))

        return await answer(create())

    @strawberry.mutation(
        description="Put another address or service on a label: a new label is bought, its number "
        "is put on the parcel, and the old label is voided.",
        extensions=[Allow(*sorted(SHIPPERS))],
    )
    async def edit_label(self, info: Info, input: Annotated[EditLabelInput, INPUT]) -> LabelResult:
        """The new label, or why not."""
        context = info.context

        async def edit() -> LabelPayload:
            command = input.to_domain()
            return await _shown(context, edit_label(_office(context), context.caller, command))

        return await answer(edit())

    @strawberry.mutation(
        description="Give a label that nobody needs back to the carrier.",
        extensions=[Allow(*sorted(SHIPPERS))],
    )
    async def void_label(self, info: Info, input: Annotated[VoidLabelInput, INPUT]) -> LabelResult:
        """The voided label, or why not."""
        context = info.context

        async def void() -> LabelPayload:
            command = input.to_domain()
            return await _shown(context, void_label(_office(context), context.caller, command))

        return await answer(void())


def _office(context: Context) -> Office:
    services = context.services
    return Office(services.database, services.carriers, context.caller.key, context.correlation_id)


async def _shown(context: Context, work: Awaitable[LabelDone]) -> LabelPayload:
    done = await work
    found = await context.read_primary(lambda c: label_by_id(c, done.label_id))
    assert found is not None  # labels are never deleted
    return LabelPayload(label=Label.of(found))
