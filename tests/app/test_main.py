"""The application as a whole: development and production, origins, shutdown."""

import asyncio
import contextlib
import threading
from collections.abc import Generator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm
from strawberry import relay
from websockets.asyncio.client import connect

from app.auth.tokens import issue_token
from app.settings import SettingsError, load_settings
from domain.identity.model import Role
from tests.support import stock
from tests.support.api import PROTOCOL, EventSource, LiveSocket, serving, settings_for
from tests.support.serving import serving as serving_in_a_process

KEY = generate_private_key(SECP256R1())
WHO = "{ viewer { subject role sessionId } }"


@contextlib.contextmanager
def published_keys() -> Generator[str]:
    """Address of a server that publishes the key above."""
    jwk = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    body = orjson.dumps({"keys": [{**jwk, "kid": "k1", "use": "sig", "alg": "ES256"}]})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/keys"
        finally:
            server.shutdown()
            thread.join()


def token_of_the_company(**changes: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": "https://id.example",
        "aud": "unico",
        "sub": "ada@example.com",
        "iat": now,
        "exp": now + 60,
        "jti": "session-1",
        "role": "FINANCE",
    }
    headers = {"typ": "at+jwt", "kid": "k1"}
    return jwt.encode(claims | changes, KEY, algorithm="ES256", headers=headers)


async def test_production_trusts_the_companys_issuer_only(
    clean_database: str, redis_url: str, tmp_path: Path
) -> None:
    development = settings_for(clean_database, redis_url, tmp_path)
    ours = issue_token(development, subject="eve", role=Role.ADMIN)
    with published_keys() as address:
        settings = settings_for(
            clean_database,
            redis_url,
            tmp_path,
            environment="production",
            issuer="https://id.example",
            jwks_url=address,
        )
        async with serving(settings) as api:
            viewer = (await api.post(WHO, token=token_of_the_company())).data["viewer"]
            assert (viewer["subject"], viewer["role"]) == ("ada@example.com", "FINANCE")
            assert viewer["sessionId"] is not None
            assert (await api.post(WHO, token=ours)).status == 401
            assert (await api.post(WHO, token=token_of_the_company(iss="other"))).status == 401
            assert (await api.post("{ __schema { queryType { name } } }")).codes == [
                "INTROSPECTION_DISABLED"
            ]
            page = await api.client.get("/graphql", headers={"accept": "text/html"})
            assert page.status_code == 405
            assert (await api.client.get("/graphiql/graphiql.js")).status_code == 404


async def test_an_issuer_that_is_away_is_503_and_not_401(
    clean_database: str, redis_url: str, tmp_path: Path
) -> None:
    settings = settings_for(
        clean_database,
        redis_url,
        tmp_path,
        environment="production",
        issuer="https://id.example",
        jwks_url="http://127.0.0.1:1/keys",
    )
    async with serving(settings) as api:
        answer = await api.post(WHO, token=token_of_the_company())
        assert (answer.status, answer.codes) == (503, ["UNAVAILABLE"])
        assert answer.headers["retry-after"] == "5"
        async with api.open_socket() as socket:
            payload = {"authorization": f"Bearer {token_of_the_company()}"}
            await socket.send({"type": "connection_init", "payload": payload})
            assert await socket.close_code() == 1013
        assert (await api.post(WHO)).status == 200


def test_production_needs_an_issuer() -> None:
    with pytest.raises(SettingsError, match="UNICO_JWKS_URL"):
        load_settings(environment="production")


async def test_other_origins_may_call_only_when_they_are_allowed(
    clean_database: str, redis_url: str, tmp_path: Path
) -> None:
    preflight = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    async with serving(settings_for(clean_database, redis_url, tmp_path)) as api:
        answer = await api.client.options("/graphql", headers=preflight)
        assert "access-control-allow-origin" not in answer.headers
    origins = ("https://shop.example",)
    settings = settings_for(clean_database, redis_url, tmp_path, allowed_origins=origins)
    async with serving(settings) as api:
        answer = await api.client.options("/graphql", headers=preflight)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-credentials" not in answer.headers
        evil = {**preflight, "origin": "https://evil.example"}
        answer = await api.client.options("/graphql", headers=evil)
        assert "access-control-allow-origin" not in answer.headers


async def test_requests_to_other_hosts_are_refused_when_hosts_are_named(
    clean_database: str, redis_url: str, tmp_path: Path
) -> None:
    settings = settings_for(
        clean_database, redis_url, tmp_path, allowed_hosts=("127.0.0.1", "api.example")
    )
    async with serving(settings) as api:
        assert (await api.post(WHO)).status == 200
        assert (await api.post(WHO, headers={"host": "api.example"})).status == 200
        evil = await api.client.post("/graphql", headers={"host": "evil.example"})
        assert evil.status_code == 400


async def test_ready_looks_at_the_database_and_at_redis(
    clean_database: str, redis_url: str, tmp_path: Path
) -> None:
    async with serving(settings_for(clean_database, redis_url, tmp_path)) as api:
        response = await api.client.get("/ready")
        assert response.json() == {
            "status": "ready",
            "checks": {"database": "ok", "redis": "ok", "events": "ok"},
        }
        assert "unico_live_subscriptions" in (await api.client.get("/metrics")).text


async def test_without_redis_the_service_starts_and_answers(
    clean_database: str, tmp_path: Path
) -> None:
    settings = settings_for(clean_database, "redis://127.0.0.1:1/0", tmp_path)
    async with serving(settings) as api:
        assert (await api.post(WHO)).data == {"viewer": None}
        response = await api.client.get("/ready")
        assert (response.status_code, response.json()["status"]) == (200, "degraded")


async def test_at_shutdown_sockets_close_with_1012_and_streams_end(
    clean_database: str,
    clean_redis: str,
    engine: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await stock.build(engine, stock.World(locations=("ROME",)))
    monkeypatch.setenv("DATABASE_URL", clean_database)
    monkeypatch.setenv("REDIS_URL", clean_redis)
    settings = settings_for(clean_database, clean_redis, tmp_path)
    token = issue_token(settings, subject="olga", role=Role.OPERATIONS)
    location = relay.GlobalID("Location", str(stock.place("ROME")))
    query = f'subscription {{ stockChanged(locationIds: ["{location}"]) {{ cursor }} }}'
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    async with (
        serving_in_a_process("app.main:create_app", home=str(tmp_path)) as server,
        httpx2.AsyncClient(base_url=server.url) as client,
        connect(f"{server.websocket_url}/graphql", subprotocols=[PROTOCOL]) as connection,
        client.stream("POST", "/graphql", json={"query": query}, headers=headers) as response,
    ):
        socket = LiveSocket(connection)
        assert (await socket.init(token))["type"] == "connection_ack"
        await socket.subscribe(query)
        assert (await socket.receive())["type"] == "next"
        events = EventSource(response)
        assert (await events.next())[0] == "next"
        server.interrupt()
        assert await socket.close_code(within_s=5) == 1012
        async with asyncio.timeout(5):
            await events.end()
            assert await server.process.wait() in (0, -15, 143)
