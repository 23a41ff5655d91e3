"""The outer layers: bodies, numbers of sockets, headers."""

from typing import Any

import orjson
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.guards import BodyLimit, SecurityHeaders, SocketLimit


class Caller:
    """Calls an ASGI application and keeps what it sends."""

    def __init__(self, *received: Message) -> None:
        self.received = list(received)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        return self.received.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def call(self, app: ASGIApp, kind: str, **scope: Any) -> None:
        headers = [(k.encode(), v.encode()) for k, v in scope.pop("headers", {}).items()]
        given = {"type": kind, "path": "/", "headers": headers, "client": ("10.0.0.1", 1), **scope}
        await app(given, self.receive, self.send)

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def code(self) -> str:
        return orjson.loads(self.sent[1]["body"])["errors"][0]["extensions"]["code"]


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Says that it was called."""
    await send({"type": "http.response.start", "status": 204, "headers": []})


@pytest.mark.parametrize("length", ["11", "999999999999999999999", "-1", "1e3", "ten"])
async def test_an_announced_length_is_looked_at_before_the_body(length: str) -> None:
    caller = Caller()
    app = BodyLimit(inner, most_bytes=10)
    await caller.call(app, "http", headers={"content-length": length})
    assert (caller.status, caller.code) == (413, "REQUEST_TOO_LARGE")


async def test_a_path_may_have_a_limit_of_its_own() -> None:
    app = BodyLimit(inner, most_bytes=10, other={"/imports/": 20})
    for path, length, status in (
        ("/imports/stock", "20", 204),
        ("/imports/stock", "21", 413),
        ("/imports", "11", 413),
        ("/graphql", "11", 413),
    ):
        caller = Caller()
        await caller.call(app, "http", path=path, headers={"content-length": length})
        assert caller.status == status


async def test_a_short_body_and_other_protocols_pass() -> None:
    app = BodyLimit(inner, most_bytes=10)
    for kind in ("http", "websocket", "lifespan"):
        caller = Caller()
        await caller.call(app, kind, headers={"content-length": "10"})
        assert caller.status == 204


async def test_sockets_and_streams_are_counted_per_address_and_together() -> None:
    codes: list[int] = []

    async def nested(scope: Scope, receive: Receive, send: Send) -> None:
        """Stays open while it opens the next one."""
        if scope["depth"] < 4:
            caller = Caller({"type": "websocket.connect"})
            address = f"10.0.0.{scope['depth']}" if scope["spread"] else "10.0.0.1"
            await caller.call(
                app,
                "websocket",
                depth=scope["depth"] + 1,
                spread=scope["spread"],
                client=(address, 1),
                extensions={"websocket.http.response": {}},
            )
            codes.extend(each["status"] for each in caller.sent if "status" in each)

    app = SocketLimit(nested, most_per_address=2, most=3)
    for spread, expected in ((False, [429]), (True, [503])):
        codes.clear()
        await Caller().call(app, "websocket", depth=1, spread=spread)
        assert codes == expected


async def test_a_server_without_http_answers_for_sockets_closes_instead() -> None:
    caller = Caller({"type": "websocket.connect"})
    await caller.call(SocketLimit(inner, most_per_address=0, most=1), "websocket")
    assert caller.sent == [
        {
            "type": "websocket.close",
            "code": 1013,
            "reason": "too many connections from this address",
        }
    ]


async def test_plain_requests_are_not_counted() -> None:
    caller = Caller()
    app = SocketLimit(inner, most_per_address=0, most=0)
    await caller.call(app, "http", headers={"accept": "application/json"})
    assert caller.status == 204
    stream = Caller()
    await stream.call(app, "http", headers={"accept": "Text/Event-Stream"})
    assert (stream.status, stream.code) == (503, "UNAVAILABLE")


async def test_a_responses_own_headers_win() -> None:
    async def cached(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"cache-control", b"max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    caller = Caller()
    await caller.call(SecurityHeaders(cached), "http")
    headers = dict(caller.sent[0]["headers"])
    assert headers[b"cache-control"] == b"max-age=60"
    assert headers[b"x-frame-options"] == b"DENY"


async def test_files_may_be_kept_if_they_are_asked_about() -> None:
    async def file(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"etag", b"x")]})

    caller = Caller()
    await caller.call(SecurityHeaders(file), "http")
    assert dict(caller.sent[0]["headers"])[b"cache-control"] == b"no-cache"
