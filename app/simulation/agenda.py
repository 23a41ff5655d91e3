"""What will happen when: acts in the order of their times, and the clock with them."""

import heapq
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import count

from app.duties import Duty
from app.simulation.clock import Clock

Act = Callable[[], Awaitable[None]]

SWEEP_EVERY = timedelta(minutes=10)
LONGEST_GAP = timedelta(hours=1)
"""Between two sweeps when nothing else happens, such as at night."""


class Agenda:
    """Acts by time. While it runs, the scheduler's duties are done too."""

    def __init__(self, clock: Clock, duties: Sequence[Duty]) -> None:
        self._clock = clock
        self._duties = duties
        self._acts: list[tuple[datetime, int, Act]] = []
        self._order = count()
        self._swept_at = clock.now

    @property
    def now(self) -> datetime:
        """The time of the simulation."""
        return self._clock.now

    def at(self, moment: datetime, act: Act) -> None:
        """`act` will be done at that moment, after what was planned for the same one before."""
        heapq.heappush(self._acts, (moment, next(self._order), act))

    def after(self, pause: timedelta, act: Act) -> None:
        """`act` will be done when `pause` has gone by."""
        self.at(self.now + pause, act)

    async def run(self, until: datetime) -> None:
        """Everything planned before `until` is done; then it is `until`."""
        while self._acts and self._acts[0][0] < until:
            moment, _, act = heapq.heappop(self._acts)
            await self._pass_time(moment)
            await act()
        await self._pass_time(until)
        await self._sweep()

    async def _pass_time(self, to: datetime) -> None:
        while to - self._swept_at >= SWEEP_EVERY:
            step = max(self.now, min(to, self._swept_at + LONGEST_GAP))
            await self._clock.move(step)
            await self._sweep()
        await self._clock.move(to)

    async def _sweep(self) -> None:
        self._swept_at = self.now
        for duty in self._duties:
            while await duty.run():
                pass
