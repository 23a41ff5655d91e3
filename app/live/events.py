"""One shared subscription of an event stream (SSE)."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from app.live.sharing import Shared, failure_of
from subscriptions.fanout import Fanout

_HIGH_WATER = 65_536
_COMPLETE = "event: complete\r\ndata: \r\n\r\n"


class SharedEvents:
    """A member of a cohort; its transport asks for the next chunk when it has sent the last one."""

    def __init__(self, shared: Shared, fanout: Fanout, correlation_id: str) -> None:
        self._shared = shared
        self._fanout = fanout
        self._correlation_id = correlation_id
        self._waiting: list[bytes] = []
        self._size = 0
        self._filled = asyncio.Event()
        self._taken = asyncio.Event()
        self._is_over = False
        self._last = ""

    def __aiter__(self) -> "SharedEvents":
        """Strawberry tells a stream by this; what is read is `chunks`."""
        return self

    async def __anext__(self) -> str:
        """Nothing, see above."""
        raise StopAsyncIteration

    def send(self, bodies: Sequence[bytes]) -> bool:
        """An event for each body. False: more than 64 KiB wait, the client does not keep up."""
        self._waiting.extend(bodies)
        self._size += sum(map(len, bodies))
        self._filled.set()
        return self._size <= _HIGH_WATER

    async def drained(self) -> None:
        """Returns when what waited is on its way."""
        while self._size > _HIGH_WATER:
            self._taken.clear()
            await self._taken.wait()

    def end(self, error: Exception) -> None:
        """A last event with the error as the caller may see it, and the end of the stream."""
        self.send([failure_of(error, self._correlation_id)])
        self._last = _COMPLETE
        self._is_over = True

    def cut(self) -> None:
        """The stream is over: its client has stopped reading."""
        self._is_over = True
        self._filled.set()

    async def chunks(self) -> AsyncGenerator[str]:
        """The stream's text; the subscription lives as long as this is iterated."""
        shared = self._shared
        seat = self._fanout.enter(
            shared.key, shared.stream.feed, shared.render, self, shared.stream.after
        )
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                waiting, self._waiting, self._size = self._waiting, [], 0
                self._taken.set()
                if waiting:
                    yield "".join(
                        f"event: next\r\ndata: {body.decode()}\r\n\r\n" for body in waiting
                    )
                if self._is_over and not self._waiting:
                    if self._last:
                        yield self._last
                    return
        finally:
            seat.leave()
