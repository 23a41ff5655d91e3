"""One WebSocket: authentication, its end, and what a client may do with it.

The protocol is graphql-transport-ws. Close codes, chosen by what graphql-ws clients do with them
(they connect again after 4403, 1012 and 1013, and give up after the others): 4400 malformed
message, 4403 not or no longer authenticated, 4408 no `connection_init` in time, 4429 too many
messages, 1012 restart of the server, 1013 too slow or cannot authenticate now.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, cast

import structlog
from graphql import GraphQLError
from starlette.websockets import WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)

from app.auth.authenticate import Authenticator
from app.auth.errors import IssuerUnavailable, TokenRejected
from app.auth.sessions import Watch
from app.live.operation import SharedOperation
from app.live.protocol import EXTENSION, SocketProtocol
from app.live.sharing import Shared
from app.schema import Schema
from schema.context import Context
from subscriptions.fanout import Fanout

_CLOSE_S = 2.0
_MESSAGES_AT_ONCE = 60
_MESSAGES_PER_S = 20.0
_LONGEST_ID = 128
_LONGEST_REASON = 123  # RFC 6455, 5.5

log = structlog.get_logger("unico.ws")


class SocketAdapter(ASGIWebSocketAdapter):
    """Sends only while the socket is open, and not longer than `longest_send_s` at a time."""

    longest_send_s = 10.0

    async def send_json(self, message: Mapping[str, object]) -> None:
        """The message is on its way.

        Raises:
            WebSocketDisconnected: the socket is closed, or its client does not read.
        """
        if self.ws.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnected
        try:
            async with asyncio.timeout(self.longest_send_s):
                await super().send_json(message)
        except TimeoutError as error:
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        """The socket is closing. Closing twice is harmless."""
        if self.ws.application_state is WebSocketState.CONNECTED:
            short = reason.encode()[:_LONGEST_REASON].decode(errors="ignore")
            await self.ws.close(code, short)


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """A WebSocket from its acceptance to its end."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._authenticator: Authenticator = given["view"].authenticator
        self._task: asyncio.Task[Any] | None = None
        self._is_over = False
        self._ending: asyncio.Task[None] | None = None
        self._watch: Watch | None = None
        self._tokens = float(_MESSAGES_AT_ONCE)
        self._counted_at = time.monotonic()

    async def handle(self) -> None:
        """Serves the socket until it is closed."""
        self._task = asyncio.current_task()
        try:
            await super().handle()
        except asyncio.CancelledError:
            if not self._is_over or self._task is None:
                raise
            self._task.uncancel()

    async def shutdown(self) -> None:
        """All operations have ended."""
        if self._watch is not None:
            self._watch.close()
        await super().shutdown()

    async def handle_message(self, message: Message) -> None:
        """The message is dealt with, or the socket is closed with 4400 or 4429."""
        if not self._may_speak():
            await self.websocket.close(4429, "too many messages")
        elif problem := _problem(message):
            await self.handle_invalid_message(problem)
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Acknowledged when the token in the payload, or else in the handshake, is good."""
        if not self.connection_init_received:
            payload = cast("dict[str, Any]", message.get("payload") or {})
            try:
                await self._authenticate(payload)
            except TokenRejected as error:
                await self.websocket.close(4403, error.reason)
                return
            except IssuerUnavailable as error:
                await self.websocket.close(1013, str(error))
                return
        await super().handle_connection_init(
            cast("ConnectionInitMessage", {**message, "payload": {}})
        )

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """The operation runs, shared if possible, or is refused because too many do."""
        most = self.max_subscriptions_per_connection
        is_new = self.connection_acknowledged and message["id"] not in self.operations
        if is_new and most is not None and len(self.operations) >= most:
            error = GraphQLError(
                f"this socket has {most} operations running: complete one",
                extensions={"code": "TOO_MANY_OPERATIONS"},
            )
            await self.send_message(
                {"type": "error", "id": message["id"], "payload": [error.formatted]}
            )
            return
        payload = cast("dict[str, Any]", message["payload"])
        text = cast(Schema, self.schema).manifest.resolve(payload)
        if isinstance(text, GraphQLError) and self.connection_acknowledged:
            await self.send_message(
                {"type": "error", "id": message["id"], "payload": [text.formatted]}
            )
            return
        if isinstance(text, str):
            message = cast("SubscribeMessage", {**message, "payload": {**payload, "query": text}})
        protocol = self._protocol
        if not is_new or protocol is None:
            await super().handle_subscribe(message)
            return
        operation = _operation(self, message)
        self.operations[operation.id] = operation
        operation.task = asyncio.create_task(self._start(operation, protocol), name="operation")
        operation.task.add_done_callback(self._task_done)

    async def cleanup_operation(self, operation_id: str) -> None:
        """The operation has ended, whichever way it runs."""
        operation: Any = self.operations.get(operation_id)
        if isinstance(operation, SharedOperation):
            del self.operations[operation_id]
            operation.leave()
        else:
            await super().cleanup_operation(operation_id)

    async def _start(self, operation: Operation[Context, None], protocol: SocketProtocol) -> None:
        """It is a member of a cohort, or runs in this task until its end."""
        view: Any = self.view
        shared: Shared | None = await view.sharing.admit(
            operation.query, operation.variables, operation.operation_name, self.context
        )
        if shared is None:
            await self.run_operation(operation)
            return
        member = SharedOperation(
            operation.id, protocol, self.context.correlation_id, self.forget_id
        )
        self.operations[operation.id] = cast(Any, member)
        fanout: Fanout = view.fanout
        member.seat = fanout.enter(
            shared.key, shared.stream.feed, shared.render, member, shared.stream.after
        )

    @property
    def _protocol(self) -> SocketProtocol | None:
        websocket = cast(SocketAdapter, self.websocket).ws
        return websocket.scope.get("extensions", {}).get(EXTENSION)

    async def handle_task_exception(self, error: Exception) -> None:
        """Logged, unless it only says that the client is gone: then the socket is over."""
        if isinstance(error, WebSocketDisconnected):
            self._stop()
        else:
            log.error("an operation failed", exc_info=error)

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:
        """None: a malformed document ends its operation, not the other operations beside it."""
        del error
        return None

    async def _authenticate(self, payload: Mapping[str, Any]) -> None:
        given = {key.lower(): value for key, value in payload.items()}.get("authorization")
        if given is None:
            websocket = cast(SocketAdapter, self.websocket).ws
            given = websocket.headers.get("authorization")
        actor = await self._authenticator.actor(given if isinstance(given, str) else None)
        if actor is None:
            raise TokenRejected('connection_init needs {"authorization": "Bearer <token>"}')
        self.context.actor = actor
        self._watch = self._authenticator.sessions.watch(actor, self._end)

    def _end(self, reason: str) -> None:
        """The socket will be closed with 4403; nothing is sent on it any more."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._close(reason), name="socket end")

    async def _close(self, reason: str) -> None:
        for operation_id in list(self.operations):
            await self.cleanup_operation(operation_id)
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.websocket.close(4403, reason)
        except (TimeoutError, OSError):
            self._stop()

    def _stop(self) -> None:
        """`handle` returns soon, whatever the client does."""
        self._is_over = True
        if self._task is not None:
            self._task.cancel()

    def _may_speak(self) -> bool:
        """Whether the client keeps to 20 messages a second, 60 at once (a token bucket)."""
        now = time.monotonic()
        earned = (now - self._counted_at) * _MESSAGES_PER_S
        self._tokens = min(self._tokens + earned, _MESSAGES_AT_ONCE) - 1
        self._counted_at = now
        return self._tokens >= 0


def _operation(handler: Socket, message: SubscribeMessage) -> Operation[Context, None]:
    payload = message["payload"]
    return Operation(
        handler,
        message["id"],
        payload["query"],
        payload.get("variables"),
        payload.get("operationName"),
    )


def _problem(message: Any) -> str | None:
    """What is wrong with a message, or None. Strawberry believes what it gets."""
    if not isinstance(message, dict):
        return "a message must be a JSON object"
    given = cast("dict[str, Any]", message)
    kind, payload = given.get("type"), given.get("payload")
    if not isinstance(kind, str):
        return "a message must have a type"
    if kind in ("subscribe", "complete"):
        operation_id = given.get("id")
        if not isinstance(operation_id, str) or not 1 <= len(operation_id) <= _LONGEST_ID:
            return f"id must be a text of 1 to {_LONGEST_ID} characters"
    if payload is not None and not isinstance(payload, dict):
        return "payload must be an object"
    return (
        _subscribe_problem(cast("dict[str, Any]", payload or {})) if kind == "subscribe" else None
    )


def _subscribe_problem(payload: Mapping[str, Any]) -> str | None:
    for name in ("query", "documentId"):
        if not isinstance(payload.get(name), str | None):
            return f"payload.{name} must be a text"
    if not {"query", "documentId", "extensions"} & payload.keys():
        return "payload.query must be a text"
    if not isinstance(payload.get("variables"), dict | None):
        return "payload.variables must be an object"
    if not isinstance(payload.get("operationName"), str | None):
        return "payload.operationName must be a text"
    return None
