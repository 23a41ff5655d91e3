"""Waves: putting works together for one walk, starting it, taking works out, giving it up.

A work knows its wave, so it is in at most one. Orders are locked in the order of their ids, then
the wave; nothing of the stock is locked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from domain.common.database import Database
from domain.common.errors import Forbidden, NotFound, check_version
from domain.common.idempotency import once
from domain.common.ids import FulfillmentOrderId, LocationId, OrderId, WaveId, new_id
from domain.common.numbers import number_for_people
from domain.common.texts import checked_language
from domain.common.transaction import Tx
from domain.fulfillment import pick_lists, wave_store
from domain.fulfillment.errors import NothingToPick
from domain.fulfillment.wave import (
    Wave,
    WaveStatus,
    cancelled,
    require_going,
    require_open,
    started,
)
from domain.fulfillment.wave_store import WAITING
from domain.identity.model import Actor
from domain.orders.errors import IllegalTransition
from domain.orders.lifecycle import Action, move, require_no_hold
from domain.orders.model import FulfillmentOrder, Order
from domain.orders.queue import EVERY_WORK, OrderAndWork, WorkFilter, work_queue
from domain.orders.repository import locked_order
from domain.orders.saving import save_among
from domain.orders.states import FulfillmentOrderStatus, GroupState
from domain.orders.units import one_of
from domain.orders.work import accepted, find_work

JANITOR = "SYSTEM:waves"
ADD = "ADD_TO_WAVE"
REMOVE = "REMOVE_FROM_WAVE"


@dataclass(frozen=True, slots=True)
class CreateWave:
    """A wave of those accepted works, or else of the most urgent that fit the filter."""

    idempotency_key: str
    location_id: LocationId
    fulfillment_order_ids: tuple[FulfillmentOrderId, ...] | None = None
    wanted: WorkFilter = EVERY_WORK
    most: int = 20


@dataclass(frozen=True, slots=True)
class StartWave:
    """Somebody begins to walk; `language` is that of the pick list's titles."""

    idempotency_key: str
    wave_id: WaveId
    expected_version: int | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class RemoveFromWave:
    """Works leave a wave."""

    idempotency_key: str
    wave_id: WaveId
    fulfillment_order_ids: tuple[FulfillmentOrderId, ...]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class CancelWave:
    """A wave is given up."""

    idempotency_key: str
    wave_id: WaveId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class WaveDone:
    """A wave with the version that a change gave it."""

    wave_id: WaveId
    version: int


async def create_wave(tx: Tx, actor: Actor, command: CreateWave) -> WaveDone:
    """The new wave, open, with its works.

    Raises:
        Forbidden: the actor does not work there.
        ValidationFailed: no works are named, more than 100 or one twice.
        NotFound: a named work is unknown, or at another location.
        OrderOnHold, IllegalTransition: a named work is on hold, in a wave, or not waiting accepted.
        NothingToPick: no work fits the filter. IdempotencyConflict: see `once`.

    Locks: the works' orders, by id.
    """
    if not actor.works_at(command.location_id):
        raise Forbidden("you do not work at this location")
    pick_lists.check_choice(command.fulfillment_order_ids, command.most)

    async def work() -> WaveDone:
        chosen = await _chosen(tx, command)
        ids = frozenset(work.id for _, work in chosen)
        orders = await _locked(tx, {order.id for order, _ in chosen})
        named = command.fulfillment_order_ids is not None
        members = _fitting(orders, ids, named=named)
        if not members:
            raise NothingToPick
        new = Wave(
            id=WaveId(new_id()),
            number=number_for_people("W"),
            location_id=command.location_id,
            status=WaveStatus.OPEN,
            pick_list_id=None,
            created_by=tx.actor_key,
            created_at=await tx.now(),
            started_at=None,
            ended_at=None,
            version=1,
        )
        await wave_store.create(tx, new)
        for order in orders:
            if any(work.id in members for work in order.fulfillment_orders):
                after = _in_wave(order, members, new.id)
                await save_among(tx, order, after, ADD, detail={"wave": new.number})
        return WaveDone(new.id, new.version)

    return await once(tx, "createWave", command, WaveDone, work)


async def start_wave(tx: Tx, actor: Actor, command: StartWave) -> WaveDone:
    """The wave in picking, each of its waiting works too, with a pick list of all of them. Works of
    orders that are on hold now leave the wave.

    Raises:
        NotFound: no such wave, or at a location out of the actor's scope.
        IllegalWaveStep: it is not open. NothingToPick: none of its works can be picked.
        ValidationFailed: no such language. VersionConflict, IdempotencyConflict: see there.

    Locks: the works' orders, by id, then the wave.
    """
    checked_language("language", command.language)

    async def work() -> WaveDone:
        orders, before = await _locked_wave(tx, actor, command)
        require_open(before, "START")
        place = before.location_id
        orders = [await _walked_for(tx, order, before) for order in orders]
        picking = _works_of(orders, before.id)
        lines = await pick_lists.compose(tx.connection, place, picking, language=command.language)
        printed = await pick_lists.store(tx, place, lines, before.number)
        saved = await wave_store.save(tx, started(before, printed.id, await tx.now()))
        return WaveDone(saved.id, saved.version)

    return await once(tx, "startWave", command, WaveDone, work)


async def remove_from_wave(tx: Tx, actor: Actor, command: RemoveFromWave) -> WaveDone:
    """The wave without those works, which go on by themselves. It ends when none is left to pick.

    Raises:
        NotFound: no such wave, out of the actor's scope, or a work is not in it.
        ValidationFailed: no works are named, more than 100 or one twice.
        IllegalWaveStep: it has ended. IllegalTransition: a work is picked already.
        VersionConflict, IdempotencyConflict: see there.

    Locks: the works' orders, by id, then the wave.
    """
    pick_lists.check_choice(command.fulfillment_order_ids, 1)
    leaving = frozenset(command.fulfillment_order_ids)

    async def work() -> WaveDone:
        orders, before = await _locked_wave(tx, actor, command)
        require_going(before, "REMOVE_FROM")
        members = {each.id: (order, each) for order, each in _works_of(orders, before.id)}
        if missing := leaving - members.keys():
            raise NotFound("fulfillment order", str(min(missing)))
        for order, each in (members[work_id] for work_id in leaving):
            _require_waiting(order, each, REMOVE)
        await _let_go(tx, orders, leaving, before)
        saved = await wave_store.save(tx, await wave_store.counted(tx, before))
        return WaveDone(saved.id, saved.version)

    return await once(tx, "removeFromWave", command, WaveDone, work)


async def cancel_wave(tx: Tx, actor: Actor, command: CancelWave) -> WaveDone:
    """The wave, given up: works that wait leave it and go on by themselves.

    Raises:
        NotFound: no such wave, or at a location out of the actor's scope.
        IllegalWaveStep: it has ended. VersionConflict, IdempotencyConflict: see there.

    Locks: the works' orders, by id, then the wave.
    """

    async def work() -> WaveDone:
        orders, before = await _locked_wave(tx, actor, command)
        after = cancelled(before, await tx.now())
        leaving = frozenset(
            each.id for order, each in _works_of(orders, before.id) if _waits(order, each)
        )
        await _let_go(tx, orders, leaving, before)
        saved = await wave_store.save(tx, after)
        return WaveDone(saved.id, saved.version)

    return await once(tx, "cancelWave", command, WaveDone, work)


async def end_with_work(tx: Tx, order: Order, work_id: FulfillmentOrderId) -> None:
    """The wave of a work that was saved just now has ended, if that work was its last to pick.

    Locks: the wave, if the work is in one and waits no more.
    """
    work = find_work(order, work_id)
    if work.wave_id is not None and not _waits(order, work):
        await wave_store.end_if_done(tx, work.wave_id)


async def end_finished(database: Database, *, limit: int = 100) -> int:
    """How many waves have ended that no mutation ended: their last works were taken from the
    location. Each in a transaction of its own.
    """
    due = await database.read(lambda connection: wave_store.finished_waves(connection, limit))
    over = 0
    for wave_id in due:
        over += await database.run(
            lambda tx, one=wave_id: wave_store.end_if_done(tx, one), actor_key=JANITOR
        )
    return over


async def _chosen(tx: Tx, command: CreateWave) -> Sequence[OrderAndWork]:
    place, ids = command.location_id, command.fulfillment_order_ids
    if ids is not None:
        return await pick_lists.named_works(tx.connection, ids, place)
    asked = pick_lists.pickable(command.wanted)
    released = FulfillmentOrderStatus.RELEASED
    statuses = tuple(status for status in asked.statuses or () if status is released)
    wanted = replace(asked, statuses=statuses, accepted=True, in_wave=False)
    return await work_queue(tx.connection, place, command.most, wanted)


async def _locked(tx: Tx, order_ids: Collection[OrderId]) -> list[Order]:
    return [await locked_order(tx.connection, order_id) for order_id in sorted(order_ids)]


def _fitting(
    orders: Sequence[Order], ids: Collection[FulfillmentOrderId], *, named: bool
) -> frozenset[FulfillmentOrderId]:
    """Those of the locked orders' works that can go into a wave; if they are named, all must."""
    found: set[FulfillmentOrderId] = set()
    for order in orders:
        for work in order.fulfillment_orders:
            if work.id not in ids:
                continue
            if named:
                _require_fit(order, work)
            if _fault(order, work) is None and not order.holds:
                found.add(work.id)
    return frozenset(found)


def _require_fit(order: Order, work: FulfillmentOrder) -> None:
    require_no_hold(order)
    if fault := _fault(order, work):
        raise IllegalTransition(ADD, fault)


def _fault(order: Order, work: FulfillmentOrder) -> str | None:
    """What keeps a work from going into a wave, apart from holds."""
    status = order.work_status(work)
    if status is not FulfillmentOrderStatus.RELEASED:
        return status.value
    if work.accepted_at is None:
        return "not accepted"
    return "in a wave" if work.wave_id is not None else None


async def _locked_wave(
    tx: Tx, actor: Actor, command: StartWave | RemoveFromWave | CancelWave
) -> tuple[list[Order], Wave]:
    """The wave and the orders of its works, locked: works only leave it, under their own lock."""
    if await wave_store.wave_by_id(tx.connection, actor, command.wave_id) is None:
        raise NotFound("wave", str(command.wave_id))
    order_ids = await wave_store.orders_of_wave(tx.connection, command.wave_id)
    orders = await _locked(tx, order_ids)
    found = await wave_store.locked_wave(tx.connection, command.wave_id)
    check_version(command.expected_version, found.version)
    return orders, found


def _works_of(orders: Sequence[Order], wave_id: WaveId) -> list[OrderAndWork]:
    return [
        (order, work)
        for order in orders
        for work in order.fulfillment_orders
        if work.wave_id == wave_id
    ]


def _waits(order: Order, work: FulfillmentOrder) -> bool:
    return order.work_status(work).value in WAITING


def _require_waiting(order: Order, work: FulfillmentOrder, action: str) -> None:
    if not _waits(order, work):
        raise IllegalTransition(action, order.work_status(work).value)


async def _walked_for(tx: Tx, order: Order, wave: Wave) -> Order:
    """The order, its released works in the wave in picking; without the wave if it is on hold."""
    released = frozenset(
        work.id
        for _, work in _works_of([order], wave.id)
        if order.work_status(work) is FulfillmentOrderStatus.RELEASED
    )
    if not released:
        return order
    detail = {"wave": wave.number}
    if order.holds:
        after = _in_wave(order, released, None)
        return await save_among(tx, order, after, REMOVE, reason="on hold", detail=detail)
    groups = {
        group.id
        for group in order.groups
        if group.fulfillment_order_id in released and group.state is GroupState.RELEASED
    }
    after = move(order, Action.START_PICKING, one_of(groups))
    now = await tx.now()
    for work_id in released:
        after = accepted(after, work_id, now)
    return await save_among(tx, order, after, Action.START_PICKING.value, detail=detail)


async def _let_go(
    tx: Tx, orders: Sequence[Order], leaving: frozenset[FulfillmentOrderId], wave: Wave
) -> None:
    """Those works of the locked orders are in no wave any more."""
    for order in orders:
        after = _in_wave(order, leaving, None)
        if after != order:
            await save_among(tx, order, after, REMOVE, detail={"wave": wave.number})


def _in_wave(order: Order, ids: Collection[FulfillmentOrderId], wave_id: WaveId | None) -> Order:
    works = tuple(
        replace(work, wave_id=wave_id) if work.id in ids else work
        for work in order.fulfillment_orders
    )
    return replace(order, fulfillment_orders=works)
