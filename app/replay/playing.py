"""The replay itself: acts at their times, views beside it, and a tally of it all."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import httpx2

from app.client import Caller, Payload, Refused, Watch
from app.replay.acting import Actor, Replayed
from app.replay.documents import WATCH_CUSTOMER, WATCH_ORDER, WATCH_STOCK
from app.replay.scene import Scene, Tokens
from app.replay.timeline import Act, Cue, starts, timeline
from app.replay.views import View, activity_lines, order_lines, stock_lines
from schema.ids import global_id

_START_S = 15.0
_QUIET_S = 0.7
_LAST_WAIT_S = 10.0
_TIMEOUT_S = 30.0


class Say(Protocol):
    """Prints what somebody does or sees."""

    def __call__(self, who: str, text: str, at: datetime | None = None) -> None:
        """`at`: when it happened in the past."""
        ...


@dataclass
class Tally:
    """What a replay came to; good at any moment, also when it is interrupted."""

    placed: int = 0
    advanced: Counter[Act] = field(default_factory=Counter[Act])
    refused: Counter[str] = field(default_factory=Counter[str])
    pushes: Counter[View] = field(default_factory=Counter[View])
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast time runs, and the longest pause in seconds."""

    speed: float
    longest_pause_s: float


class Replay:
    """One replay of a scene against the service at `url`. `run` is its name."""

    def __init__(
        self, scene: Scene, tokens: Tokens, url: str, run: str, say: Say, tally: Tally
    ) -> None:
        self._scene = scene
        self._tokens = tokens
        self._url = url
        self._run = run
        self._say = say
        self._tally = tally
        self._placed: dict[str, Replayed] = {}
        self._pushed = asyncio.Event()

    async def play(self, pace: Pace) -> None:
        """Everything was done and seen; the tally is complete.

        Raises:
            Refused: a view is not allowed. OSError, httpx2.TransportError: the service is gone.
        """
        cues = timeline(self._scene.orders)
        due = starts(cues, speed=pace.speed, longest_pause_s=pace.longest_pause_s)
        async with httpx2.AsyncClient(timeout=_TIMEOUT_S) as http:
            channel = Caller(http, self._url, self._tokens.channel)
            actor = Actor(channel, Caller(http, self._url, self._tokens.floor), self._run)
            async with asyncio.TaskGroup() as group:
                watching = await self._look(group)
                await self._act(actor, cues, due, group, watching)
                await self._settle()
                for task in watching:
                    task.cancel()
        self._tally.is_complete = True

    async def _look(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """The tasks of the first views, all of which have seen a snapshot."""
        scene = self._scene
        names = {
            str(global_id("Location", each)): code[:14] for code, each in scene.locations.items()
        }
        watches = [
            self._watch(
                View.POS,
                self._tokens.pos,
                WATCH_STOCK,
                {"locations": sorted(names)},
                lambda payload: stock_lines(payload, names),
            )
        ]
        for reference, each in scene.customers.items():
            variables = {"customer": str(global_id("Customer", each))}
            watches.append(
                self._watch(
                    View.CALL_CENTER,
                    self._tokens.agent,
                    WATCH_CUSTOMER,
                    variables,
                    lambda payload, name=reference[:8]: activity_lines(payload, name),
                )
            )
        tasks = [group.create_task(watch.run()) for watch in watches]
        async with asyncio.timeout(_START_S):
            for watch in watches:
                await watch.started.wait()
        return tasks

    def _watch(
        self,
        view: View,
        token: str,
        document: str,
        variables: Mapping[str, object],
        lines: Callable[[Payload], Sequence[str]],
    ) -> Watch:
        def seen(payload: Payload) -> None:
            self._tally.pushes[view] += 1
            self._pushed.set()
            for line in lines(payload):
                self._say(view.value, line)

        return Watch(self._url, token, document, variables, seen)

    async def _act(
        self,
        actor: Actor,
        cues: Sequence[Cue],
        due: Sequence[float],
        group: asyncio.TaskGroup,
        watching: list[asyncio.Task[None]],
    ) -> None:
        begin = asyncio.get_running_loop().time()
        for cue, start_s in zip(cues, due, strict=True):
            await asyncio.sleep(max(0.0, begin + start_s - asyncio.get_running_loop().time()))
            try:
                await self._do(actor, cue)
            except Refused as refusal:
                # What would have followed cannot: the rest of this order's acts are left out.
                self._placed.pop(cue.order.reference, None)
                self._tally.refused[refusal.code] += 1
                self._say(
                    "refused", f"{cue.act.value} {cue.order.reference[:8]}: {refusal}", cue.at
                )
                continue
            if cue.act is Act.PLACE:
                watching += self._follow(cue, group)

    async def _do(self, actor: Actor, cue: Cue) -> None:
        reference = cue.order.reference
        if cue.act is Act.PLACE:
            placed = self._placed[reference] = await actor.place(cue.order)
            self._tally.placed += 1
            lines = len(cue.order.command.lines)
            self._say("place", f"{placed.number}, {lines} lines, {placed.total}", cue.at)
        elif reference in self._placed:
            placed = self._placed[reference]
            await actor.advance(cue.act, cue.order, placed)
            self._tally.advanced[cue.act] += 1
            self._say(cue.act.value, placed.number, cue.at)

    def _follow(self, cue: Cue, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """A view of the order for its customer, if it is one of those who are watched."""
        token = self._tokens.customers.get(cue.order.command.customer.reference or "")
        if token is None:
            return []
        variables = {"order": self._placed[cue.order.reference].id}
        watch = self._watch(View.CUSTOMER, token, WATCH_ORDER, variables, order_lines)
        return [group.create_task(watch.run())]

    async def _settle(self) -> None:
        """Nothing was pushed for a while: what was done has been seen."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WAIT_S):
                while await self._is_pushed():
                    pass

    async def _is_pushed(self) -> bool:
        """Whether something is pushed within a short time from now."""
        self._pushed.clear()
        try:
            async with asyncio.timeout(_QUIET_S):
                return await self._pushed.wait()
        except TimeoutError:
            return False
