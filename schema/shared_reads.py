"""Reads that many ask for at the same moment, as clients do who reconnect after a restart."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

AT_ONCE = 8


class SharedReads:
    """Equal reads that are asked for while one of them runs share its answer; a few run at once,
    and the others wait their turn instead of waiting for a connection, which has a time limit.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._gate = asyncio.Semaphore(at_once)
        self._running: dict[Hashable, asyncio.Task[Any]] = {}

    async def ask(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` returns. Equal keys must mean equal answers to all who may ask."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._gated(read), name="shared read")
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        # One who gives up waiting must not take the answer away from the others.
        return await asyncio.shield(task)

    async def _gated(self, read: Callable[[], Awaitable[T]]) -> T:
        async with self._gate:
            return await read()
