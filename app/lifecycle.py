"""Where a worker stands between its first and its last request."""

import asyncio
from enum import StrEnum


class Phase(StrEnum):
    """STARTING and DRAINING answer `/ready` with 503; CLOSING also ends long streams."""

    STARTING = "starting"
    SERVING = "serving"
    DRAINING = "draining"
    CLOSING = "closing"


class Lifecycle:
    """The phase of this worker. It only moves forward."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING
        self._streams: set[asyncio.Task[object]] = set()

    @property
    def is_serving(self) -> bool:
        """Whether new work is welcome."""
        return self.phase is Phase.SERVING

    def serve(self) -> None:
        """New work is welcome; called once resources are open."""
        if self.phase is Phase.STARTING:
            self.phase = Phase.SERVING

    def drain(self) -> None:
        """Readiness is red, everything still works: balancers look elsewhere."""
        if self.phase is not Phase.CLOSING:
            self.phase = Phase.DRAINING

    def close(self) -> None:
        """Responses without an end (event streams) are ended; others may finish."""
        self.phase = Phase.CLOSING
        for task in self._streams:
            task.cancel()

    def add_stream(self, task: "asyncio.Task[object]") -> None:
        """`task` sends a response that has no end of its own; `close` will cancel it."""
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)
        if self.phase is Phase.CLOSING:
            task.cancel()
