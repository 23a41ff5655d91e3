"""Waves as clients see them."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import relay

from domain.common.ids import LocationId, WaveId
from domain.fulfillment import errors, waves
from domain.fulfillment import wave as domain
from domain.fulfillment.model import PickListId
from domain.fulfillment.pick_lists import pick_lists_by_id
from domain.identity.model import STAFF
from domain.orders.queue import works_by_wave
from schema.access import access
from schema.context import Info
from schema.enums import described
from schema.errors import CommonError, Error, twin_of
from schema.ids import global_id, id_of
from schema.inputs import KEY, VERSION
from schema.orders.errors import IllegalTransitionError, OrderOnHoldError
from schema.orders.types import FulfillmentOrder
from schema.pick_lists import NothingToPickError, PickList, work_ids
from schema.work_queue import WorkQueueFilterInput, filter_of

described(
    domain.WaveStatus,
    "Where a wave stands.",
    {
        "OPEN": "Put together; nobody walks yet.",
        "PICKING": "Somebody walks: its works are in picking.",
        "DONE": "Each of its works is picked, rejected or cancelled.",
        "CANCELLED": "Given up, or all works have left it.",
    },
    name="WaveStatus",
)


@access(*STAFF)
@strawberry.type(description="Works of one location that are picked in one walk.")
class Wave:
    """Twin of domain Wave."""

    id: relay.GlobalID = strawberry.field(description="Its id.")
    number: str = strawberry.field(description="Number for people, such as W-7K3F-92QX.")
    location_id: relay.GlobalID = strawberry.field(description="Where to pick.")
    status: domain.WaveStatus = strawberry.field(description="Where it stands.")
    created_at: datetime = strawberry.field(description="When it was put together (UTC).")
    started_at: datetime | None = strawberry.field(description="When picking began (UTC).")
    ended_at: datetime | None = strawberry.field(description="When it was done or given up (UTC).")
    version: int = strawberry.field(description="Raised by one with every change.")
    wave_id: strawberry.Private[WaveId]
    pick_list_id: strawberry.Private[PickListId | None]

    @strawberry.field(description="Its works, the most urgent first.")
    async def works(self, info: Info) -> list[FulfillmentOrder]:
        """The wave's works, loaded for all waves of the operation at once."""

        async def load(keys: list[WaveId]) -> list[Any]:
            found = await info.context.read_primary(lambda c: works_by_wave(c, keys))
            return [found[key] for key in keys]

        works = await info.context.loader("works_by_wave", load).load(self.wave_id)
        return [FulfillmentOrder.of(order, work) for order, work in works]

    @strawberry.field(description="What was printed when it started; null before.")
    async def pick_list(self, info: Info) -> PickList | None:
        """The wave's pick list, loaded for all waves of the operation at once."""
        actor = info.context.caller

        async def load(keys: list[PickListId]) -> list[Any]:
            found = await info.context.read_primary(lambda c: pick_lists_by_id(c, actor, keys))
            return [found.get(key) for key in keys]

        if self.pick_list_id is None:
            return None
        found = await info.context.loader("pick_lists_by_id", load).load(self.pick_list_id)
        return PickList.of(found) if found else None

    @staticmethod
    def of(wave: domain.Wave) -> "Wave":
        """The twin."""
        return Wave(
            id=global_id("Wave", wave.id),
            number=wave.number,
            location_id=global_id("Location", wave.location_id),
            status=wave.status,
            created_at=wave.created_at,
            started_at=wave.started_at,
            ended_at=wave.ended_at,
            version=wave.version,
            wave_id=wave.id,
            pick_list_id=wave.pick_list_id,
        )


@strawberry.input(description="Which accepted works are picked together.")
class CreateWaveInput:
    """Twin of CreateWave."""

    idempotency_key: str = strawberry.field(description=KEY)
    location_id: relay.GlobalID = strawberry.field(description="Where to pick.")
    fulfillment_order_ids: list[relay.GlobalID] | None = strawberry.field(
        default=None,
        description="These, 1 to 100: released, accepted and in no wave. Else the most urgent of "
        "those that fit `filter`.",
    )
    wanted: WorkQueueFilterInput | None = strawberry.field(
        name="filter", default=None, description="Which work, unless it is named."
    )
    most: int = strawberry.field(
        name="max", default=20, description="Fulfillment orders at most, 1 to 100."
    )

    def to_domain(self) -> waves.CreateWave:
        """The command. Raises ValidationFailed for a malformed id or moment."""
        return waves.CreateWave(
            idempotency_key=self.idempotency_key,
            location_id=LocationId(id_of(self.location_id, "Location", "locationId")),
            fulfillment_order_ids=work_ids(self.fulfillment_order_ids),
            wanted=filter_of(self.wanted),
            most=self.most,
        )


@strawberry.input(description="Somebody begins to walk for a wave.")
class StartWaveInput:
    """Twin of StartWave."""

    idempotency_key: str = strawberry.field(description=KEY)
    wave_id: relay.GlobalID = strawberry.field(description="The wave.")
    language: str = strawberry.field(
        default="en", description="Language of the pick list's titles, such as `it`."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> waves.StartWave:
        """The command. Raises ValidationFailed for a malformed id."""
        return waves.StartWave(
            idempotency_key=self.idempotency_key,
            wave_id=_wave_id(self.wave_id),
            expected_version=self.expected_version,
            language=self.language,
        )


@strawberry.input(description="Works leave a wave.")
class RemoveFromWaveInput:
    """Twin of RemoveFromWave."""

    idempotency_key: str = strawberry.field(description=KEY)
    wave_id: relay.GlobalID = strawberry.field(description="The wave.")
    fulfillment_order_ids: list[relay.GlobalID] = strawberry.field(
        description="The works, 1 to 100; each waits to be picked."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> waves.RemoveFromWave:
        """The command. Raises ValidationFailed for a malformed id."""
        return waves.RemoveFromWave(
            idempotency_key=self.idempotency_key,
            wave_id=_wave_id(self.wave_id),
            fulfillment_order_ids=work_ids(self.fulfillment_order_ids) or (),
            expected_version=self.expected_version,
        )


@strawberry.input(description="A wave is given up.")
class CancelWaveInput:
    """Twin of CancelWave."""

    idempotency_key: str = strawberry.field(description=KEY)
    wave_id: relay.GlobalID = strawberry.field(description="The wave.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> waves.CancelWave:
        """The command. Raises ValidationFailed for a malformed id."""
        return waves.CancelWave(
            idempotency_key=self.idempotency_key,
            wave_id=_wave_id(self.wave_id),
            expected_version=self.expected_version,
        )


@twin_of(errors.IllegalWaveStep)
@access()
@strawberry.type(description="The step does not fit the wave's present status.")
class IllegalWaveStepError(Error):
    """Twin of IllegalWaveStep."""

    action: str = strawberry.field(description="What was asked for.")
    current_status: str = strawberry.field(description="The status that forbids it.")

    @staticmethod
    def of(error: errors.IllegalWaveStep) -> "IllegalWaveStepError":
        """The twin."""
        return IllegalWaveStepError(
            code=error.code,
            message=error.message,
            action=error.action,
            current_status=error.status,
        )


@access(*STAFF)
@strawberry.type(description="The wave after the change.")
class WavePayload:
    """Answer of createWave, startWave, removeFromWave and cancelWave."""

    wave: Wave = strawberry.field(description="The wave.")


WaveResult = Annotated[
    WavePayload
    | IllegalWaveStepError
    | NothingToPickError
    | IllegalTransitionError
    | OrderOnHoldError
    | CommonError,
    strawberry.union("WaveResult", description="What changes of a wave answer."),
]


def _wave_id(given: relay.GlobalID) -> WaveId:
    return WaveId(id_of(given, "Wave", "waveId"))
