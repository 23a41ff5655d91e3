"""graphql-transport-ws: who is let in, for how long, and what closes the socket."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.routing import WebSocketRoute
from websockets.exceptions import InvalidStatus

from app.graphql_view import GraphQLView
from app.graphql_ws import SocketAdapter
from domain.identity.model import Role
from tests.support.api import Api, serving, settings_for
from tests.support.toy_schema import SECRET, TOYS, ToyQuery
from tests.support.waiting import until


@pytest.fixture(scope="module")
async def api(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Api]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = settings_for(
        database_url,
        redis_url,
        home,
        jwt_leeway_s=0,
        connection_init_timeout_s=0.5,
        max_subscriptions=3,
        max_sockets_per_address=4,
        ws_max_bytes=10_000,
        allowed_origins=("https://shop.example",),
    )
    async with serving(settings, **TOYS) as opened:
        yield opened


async def test_results_come_as_text_frames(api: Api) -> None:
    async with api.socket(api.token(Role.POS, subject="till")) as socket:
        await socket.subscribe("subscription { ticks(count: 2) }")
        for number in range(2):
            assert await socket.receive() == {
                "id": "1",
                "type": "next",
                "payload": {"data": {"ticks": f"till {number}"}},
            }
        assert await socket.receive() == {"id": "1", "type": "complete"}


async def test_each_operation_has_loaders_of_its_own(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        for _ in range(2):
            await socket.subscribe("{ loadersBefore }")
            assert (await socket.receive())["payload"] == {"data": {"loadersBefore": 0}}
            assert (await socket.receive())["type"] == "complete"


async def test_the_header_of_the_handshake_authenticates_too(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token(Role.ADMIN)}"}
    async with api.open_socket(additional_headers=headers) as socket:
        assert (await socket.init(None))["type"] == "connection_ack"


@pytest.mark.parametrize(
    "payload", [None, {}, {"authorization": "Bearer bad"}, {"authorization": 5}, {"other": "x"}]
)
async def test_without_a_good_token_it_closes_with_4403(
    api: Api, payload: dict[str, object] | None
) -> None:
    async with api.open_socket() as socket:
        await socket.send({"type": "connection_init", "payload": payload})
        assert await socket.close_code() == 4403


async def test_the_payload_may_say_authorization_in_any_case(api: Api) -> None:
    async with api.open_socket() as socket:
        payload = {"Authorization": f"Bearer {api.token(Role.ADMIN)}"}
        await socket.send({"type": "connection_init", "payload": payload})
        assert (await socket.receive())["type"] == "connection_ack"


async def test_silence_closes_with_4408(api: Api) -> None:
    async with api.open_socket() as socket:
        assert await socket.close_code() == 4408


async def test_subscribing_before_init_closes_with_4401(api: Api) -> None:
    async with api.open_socket() as socket:
        await socket.subscribe("subscription { ticks }")
        assert await socket.close_code() == 4401


async def test_a_second_init_closes_with_4429(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        await socket.send({"type": "connection_init"})
        assert await socket.close_code() == 4429


async def test_a_used_id_closes_with_4409(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        for _ in range(2):
            await socket.subscribe("subscription { forever }")
        assert await socket.close_code() == 4409


async def test_a_used_id_closes_with_4409_also_when_no_more_may_run(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        for name in "abcc":
            await socket.subscribe("subscription { forever }", name=name)
        assert await socket.close_code() == 4409


@pytest.mark.parametrize(
    "message",
    [
        [1],
        "x",
        1,
        None,
        {},
        {"type": 5},
        {"type": "unknown"},
        {"type": "subscribe"},
        {"type": "subscribe", "id": [1], "payload": {"query": "{ subject }"}},
        {"type": "subscribe", "id": "", "payload": {"query": "{ subject }"}},
        {"type": "subscribe", "id": "x" * 1_000, "payload": {"query": "{ subject }"}},
        {"type": "subscribe", "id": "1", "payload": [1]},
        {"type": "subscribe", "id": "1", "payload": {"query": 5}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ subject }", "variables": [1]}},
        {"type": "subscribe", "id": "1", "payload": {"query": "{ subject }", "operationName": 1}},
        {"type": "complete", "id": {}},
        {"type": "ping", "payload": 3},
    ],
)
async def test_a_malformed_message_closes_with_4400(api: Api, message: object) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        await socket.send(message)
        assert await socket.close_code() == 4400


@pytest.mark.parametrize("frame", ["{", "", b"{}"])
async def test_a_frame_that_is_no_json_text_closes_with_4400(api: Api, frame: str | bytes) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        await socket.connection.send(frame)
        assert await socket.close_code() == 4400


async def test_a_long_frame_closes_with_1009(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        await socket.connection.send("x" * 20_000)
        assert await socket.close_code() == 1009


async def test_a_malformed_document_ends_only_its_operation(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        await socket.subscribe("subscription { forever }", name="good")
        assert (await socket.receive())["payload"] == {"data": {"forever": 0}}
        await socket.subscribe("{ " + "x" * 500 + "(", name="bad")
        answer = await socket.receive()
        assert (answer["type"], answer["id"]) == ("error", "bad")
        assert answer["payload"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


async def test_mutations_are_refused(api: Api) -> None:
    ToyQuery.calls.clear()
    async with api.socket(api.token(Role.ADMIN)) as socket:
        await socket.subscribe("mutation { change }")
        answer = await socket.receive()
        assert answer["type"] == "error"
        assert answer["payload"][0]["extensions"]["code"] == "MUTATION_OVER_WEBSOCKET"
    assert ToyQuery.calls == []


async def test_failures_are_masked(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        await socket.subscribe("subscription { breaks }")
        await socket.receive()
        answer = await socket.receive()
        assert answer["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert SECRET not in str(answer)


async def test_one_operation_too_many_is_refused_and_the_others_go_on(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        for name in "abc":
            await socket.subscribe("subscription { forever }", name=name)
            assert (await socket.receive())["type"] == "next"
        await socket.subscribe("subscription { forever }", name="d")
        answer = await socket.receive()
        assert (answer["type"], answer["id"]) == ("error", "d")
        assert answer["payload"][0]["extensions"]["code"] == "TOO_MANY_OPERATIONS"
        await socket.send({"type": "complete", "id": "a"})
        await socket.subscribe("subscription { forever }", name="e")
        assert await socket.receive() == {
            "id": "e",
            "type": "next",
            "payload": {"data": {"forever": 0}},
        }


async def test_too_many_messages_close_with_4429(api: Api) -> None:
    async with api.socket(api.token(Role.ADMIN)) as socket:
        for _ in range(80):
            await socket.send({"type": "pong"})
        assert await socket.close_code() == 4429


async def test_the_end_of_the_token_closes_with_4403_and_ends_operations(api: Api) -> None:
    ToyQuery.calls.clear()
    async with api.socket(api.token(Role.ADMIN, lifetime=timedelta(seconds=2))) as socket:
        await socket.subscribe("subscription { forever }")
        assert (await socket.receive())["type"] == "next"
        assert await socket.close_code(within_s=4) == 4403
        assert socket.connection.close_reason == "the token has expired"
    assert ToyQuery.calls == ["opened", "closed"]


async def test_a_client_that_leaves_ends_its_operations(api: Api) -> None:
    ToyQuery.calls.clear()
    async with api.socket(api.token(Role.ADMIN)) as socket:
        await socket.subscribe("subscription { forever }")
        await socket.receive()
    await until(lambda: ToyQuery.calls == ["opened", "closed"])


async def test_a_guarded_subscription_does_not_start_for_others(api: Api) -> None:
    ToyQuery.calls.clear()
    async with api.socket(api.token(Role.POS)) as socket:
        await socket.subscribe("subscription { guarded }")
        answer = await socket.receive()
        assert answer["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    assert ToyQuery.calls == []


async def test_a_client_that_does_not_read_is_let_go(api: Api) -> None:
    class Impatient(SocketAdapter):
        longest_send_s = 0.2

    views = [each.app for each in api.app.routes if isinstance(each, WebSocketRoute)]
    (view,) = [each for each in views if isinstance(each, GraphQLView)]
    view.websocket_adapter_class = cast(Any, Impatient)
    ToyQuery.calls.clear()
    try:
        async with api.socket(api.token(Role.ADMIN)) as socket:
            await socket.subscribe("subscription { flood }")
            socket.connection.transport.pause_reading()
            await until(lambda: ToyQuery.calls == ["opened", "closed"])
    finally:
        del view.websocket_adapter_class


async def test_sockets_per_address_are_limited(api: Api) -> None:
    token = api.token(Role.ADMIN)
    async with api.socket(token), api.socket(token), api.socket(token), api.socket(token):
        with pytest.raises(InvalidStatus) as refused:
            async with api.open_socket():
                pass
        assert refused.value.response.status_code == 429


async def test_the_place_of_a_closed_socket_is_free_again(api: Api) -> None:
    token = api.token(Role.ADMIN)
    async with asyncio.timeout(10):
        admitted = 0
        while admitted < 8:
            # The server hears of a closed socket a moment after its client.
            with contextlib.suppress(InvalidStatus):
                async with api.socket(token):
                    admitted += 1


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_origin_is_refused_at_the_handshake(api: Api, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with api.open_socket(origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_allowed_origins_and_our_own_are_let_in(api: Api) -> None:
    for origin in ("https://shop.example", f"http://127.0.0.1:{api.port}"):
        async with api.open_socket(origin=origin) as socket:
            assert (await socket.init(api.token(Role.ADMIN)))["type"] == "connection_ack"


async def test_the_legacy_protocol_is_not_spoken(api: Api) -> None:
    async with api.open_socket(subprotocols=["graphql-ws"]) as socket:
        assert await socket.close_code() == 4406
