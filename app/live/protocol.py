"""uvicorn's WebSocket, which can also be written to directly with frames that are made already."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "unico.socket"
"""Under this name the protocol stands in the scope's extensions."""

_HIGH_WATER, _LOW_WATER = 65_536, 16_384


class SocketProtocol(WebSocketsSansIOProtocol):
    """Frames of two writers never mix, since each write is whole frames."""

    keeps_up = True
    """Whether the client takes what is written."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The buffer's limits: uvloop's own low mark is 16 bytes."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_HIGH_WATER, low=_LOW_WATER)

    async def run_asgi(self) -> None:
        """The application finds this protocol in its scope."""
        extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
        extensions[EXTENSION] = self
        try:
            await super().run_asgi()
        finally:
            extensions.pop(EXTENSION, None)

    def write_frames(self, data: bytes) -> bool:
        """`data` (whole frames) is on its way, or nothing is, on a socket that is not open. False:
        the client does not keep up.
        """
        if self.handshake_complete and not self.close_sent and not self.transport.is_closing():
            self.transport.write(data)
        return self.keeps_up

    def pause_writing(self) -> None:
        """From the transport: its buffer is over the high mark."""
        super().pause_writing()
        self.keeps_up = False

    def resume_writing(self) -> None:
        """From the transport: its buffer is below the low mark."""
        super().resume_writing()
        self.keeps_up = True

    async def drained(self) -> None:
        """Returns when the client has taken most of what was written, or is gone."""
        await self.writable.wait()

    def cut(self) -> None:
        """The connection is over; what was written and not taken is lost."""
        self.transport.abort()

    def shutdown(self) -> None:
        """Close code 1012 unless the socket is closing already, in which case uvicorn raises."""
        if not self.transport.is_closing():
            super().shutdown()
