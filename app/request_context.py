"""The outermost layer of a request: correlation id, one log line, metrics, end of streams."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.lifecycle import Lifecycle, Phase
from app.logging import correlated
from app.metrics import Metrics
from domain.common.card_numbers import has_card_number

_HEADER = b"x-correlation-id"
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_PROBES = frozenset({"/live", "/ready", "/metrics"})

log = structlog.get_logger("unico.http")


@dataclass(slots=True)
class _Answer:
    """What the response turned out to be."""

    status: int = 500
    is_started: bool = False
    is_stream: bool = False
    close_code: int | None = None
    started_at: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started_at


class RequestContext:
    """ASGI middleware; `paths` are the known ones, others are counted as `other`."""

    def __init__(
        self, app: ASGIApp, *, lifecycle: Lifecycle, metrics: Metrics, paths: frozenset[str]
    ) -> None:
        self._app = app
        self._lifecycle = lifecycle
        self._metrics = metrics
        self._paths = paths | _PROBES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        serve = {"http": self._http, "websocket": self._websocket}.get(scope["type"])
        if serve is None:
            await self._app(scope, receive, send)
            return
        correlation_id = _correlation_id_of(scope)
        with correlated(correlation_id):
            await serve(scope, receive, send, correlation_id.encode())

    async def _http(self, scope: Scope, receive: Receive, send: Send, correlation: bytes) -> None:
        answer = _Answer()
        self._metrics.running_requests.inc()
        try:
            await self._app(scope, receive, self._noting(answer, send, correlation))
        except asyncio.CancelledError:
            if not (answer.is_stream and self._lifecycle.phase is Phase.CLOSING):
                raise
            cast("asyncio.Task[object]", asyncio.current_task()).uncancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._metrics.running_requests.dec()
            self._report(scope, answer)

    def _noting(self, answer: _Answer, send: Send, correlation: bytes) -> Send:
        # The whole request, not the inner task that a streaming response may send from.
        task = cast("asyncio.Task[object]", asyncio.current_task())

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.is_started = message["status"], True
                answer.is_stream = _is_event_stream(message)
                headers = [*message.get("headers", ()), (_HEADER, correlation)]
                message = {**message, "headers": headers}
                if answer.is_stream:
                    self._lifecycle.add_stream(task)
            await send(message)

        return noting

    def _report(self, scope: Scope, answer: _Answer) -> None:
        path = scope["path"]
        label = path if path in self._paths else "other"
        self._metrics.requests.labels(scope["method"], label, str(answer.status)).inc()
        if not answer.is_stream:
            self._metrics.request_seconds.labels(label).observe(answer.seconds)
        write: Callable[..., object] = log.info
        if answer.status >= 500:
            write = log.warning
        elif path in _PROBES:
            write = log.debug
        write(
            "request",
            method=scope["method"],
            path=path,
            status=answer.status,
            ms=round(answer.seconds * 1000, 1),
        )

    async def _websocket(
        self, scope: Scope, receive: Receive, send: Send, correlation: bytes
    ) -> None:
        answer = _Answer()

        async def noting_receive() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                answer.close_code = message.get("code")
            return message

        async def noting_send(message: Message) -> None:
            if message["type"] == "websocket.accept":
                headers = [*message.get("headers", ()), (_HEADER, correlation)]
                message = {**message, "headers": headers}
                log.debug("socket open", path=scope["path"])
            elif message["type"] == "websocket.close":
                answer.close_code = message.get("code")
            await send(message)

        self._metrics.sockets.inc()
        try:
            await self._app(scope, noting_receive, noting_send)
        finally:
            self._metrics.sockets.dec()
            log.info(
                "socket closed",
                path=scope["path"],
                code=answer.close_code,
                seconds=round(answer.seconds, 1),
            )


def _correlation_id_of(scope: Scope) -> str:
    """The client's id when it is short and plain, and no card number, else a new one."""
    for name, value in scope["headers"]:
        if name == _HEADER and _ACCEPTABLE.fullmatch(value):
            given = value.decode()
            return uuid4().hex if has_card_number(given) else given
    return uuid4().hex


def _is_event_stream(message: Message) -> bool:
    headers = message.get("headers", ())
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in headers
    )
