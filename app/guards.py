"""ASGI middleware: size of bodies, number of sockets, security headers."""

from collections import Counter
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.answers import refusal

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


class BodyLimit:
    """Answers 413 to a request body that is too long, at the latest when it has become so. Paths
    that begin with a key of `other` have a limit of their own.
    """

    def __init__(
        self, app: ASGIApp, *, most_bytes: int, other: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._other = other or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_of(scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > most:
            await _too_large(most)(scope, receive, send)
            return
        received = 0

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413, _too_long(most))
            return message

        await self._app(scope, counting, send)

    def _most_of(self, path: str) -> int:
        found = (most for start, most in self._other.items() if path.startswith(start))
        return next(found, self._most_bytes)


def _too_large(most: int) -> ASGIApp:
    return refusal(413, _too_long(most))


def _too_long(most: int) -> str:
    return f"the request body is longer than {most} bytes"


class SocketLimit:
    """Refuses sockets and event streams beyond a number per client address, and beyond a total.

    uvicorn's own limit does not look at WebSocket upgrades.
    """

    def __init__(self, app: ASGIApp, *, most_per_address: int, most: int) -> None:
        self._app = app
        self._most_per_address = most_per_address
        self._most = most
        self._open: Counter[str] = Counter()
        self._total = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if not _stays_open(scope):
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        if self._total >= self._most:
            await _refuse(503, "too many connections", scope, receive, send)
        elif self._open[address] >= self._most_per_address:
            await _refuse(429, "too many connections from this address", scope, receive, send)
        else:
            await self._serve(address, scope, receive, send)

    async def _serve(self, address: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._open[address] += 1
        self._total += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._total -= 1
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


def _stays_open(scope: Scope) -> bool:
    if scope["type"] == "http":
        return "text/event-stream" in Headers(scope=scope).get("accept", "").lower()
    return scope["type"] == "websocket"


async def _refuse(status: int, reason: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await refusal(status, reason)(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.close", "code": 1013, "reason": reason})


class SecurityHeaders:
    """Adds headers that tell browsers to do nothing clever; a response's own headers win.

    Nothing is stored by browsers but files, which they must ask about each time.
    """

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str] = _HEADERS) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "etag" in headers:
                    headers.setdefault("cache-control", "no-cache")
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, adding)
