"""One shared subscription of a WebSocket."""

from collections.abc import Callable, Sequence

from app.live.frames import completion, frames, opening
from app.live.protocol import SocketProtocol
from app.live.sharing import failure_of
from subscriptions.fanout import Seat


class SharedOperation:
    """A member of a cohort; also what the socket's handler keeps under the operation's id."""

    __slots__ = ("_correlation_id", "_on_end", "_operation_id", "_protocol", "_start", "seat")

    task = None
    """It has no task of its own: Strawberry's handler looks for one."""

    def __init__(
        self,
        operation_id: str,
        protocol: SocketProtocol,
        correlation_id: str,
        on_end: Callable[[str], None],
    ) -> None:
        """`on_end` is called with the id before the last message is sent."""
        self.seat: Seat | None = None
        self._operation_id = operation_id
        self._protocol = protocol
        self._correlation_id = correlation_id
        self._on_end = on_end
        self._start = opening(operation_id)

    def send(self, bodies: Sequence[bytes]) -> bool:
        """A `next` message for each body, in one write. False: the client does not keep up."""
        return self._protocol.write_frames(frames(self._start, bodies))

    async def drained(self) -> None:
        """Returns when the client has taken enough to be given more."""
        await self._protocol.drained()

    def end(self, error: Exception) -> None:
        """A last `next` with the error as the caller may see it, and `complete`."""
        self._on_end(self._operation_id)
        self.send([failure_of(error, self._correlation_id)])
        self._protocol.write_frames(completion(self._operation_id))

    def cut(self) -> None:
        """The socket is over: its client has stopped reading."""
        self._protocol.cut()

    def leave(self) -> None:
        """Nothing more is sent."""
        if self.seat is not None:
            self.seat.leave()
