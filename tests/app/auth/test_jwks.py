"""Published keys: fetched seldom, kept through outages, and only the good ones."""

import asyncio
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from app.auth.errors import IssuerUnavailable
from app.auth.jwks import RemoteKeys
from app.settings import SettingsError
from tests.support.waiting import until

RSA = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True)
EC = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)
MINUTE, HOUR = 60.0, 3_600.0


class Issuer:
    """A server of keys, and a clock."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys: list[Any] = list(keys)
        self.fetches = 0
        self.status = 200
        self.body: bytes | None = None
        self.now = 1_000.0

    def answer(self, _: httpx2.Request) -> httpx2.Response:
        self.fetches += 1
        if self.body is not None:
            return httpx2.Response(self.status, content=self.body)
        return httpx2.Response(self.status, json={"keys": self.keys})

    def source(self, *algorithms: str) -> RemoteKeys:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self.answer))
        allowed = frozenset(algorithms or ("RS256", "ES256"))
        url = "https://id.example/keys"
        return RemoteKeys(url, allowed, client, clock=lambda: self.now)


def key(kid: str, jwk: dict[str, Any] = EC, **other: Any) -> dict[str, Any]:
    return {**jwk, "kid": kid, **other}


async def test_keys_are_fetched_once_and_then_known() -> None:
    issuer = Issuer(key("a"), key("b", RSA))
    source = issuer.source()
    for kid, algorithm in (("a", "ES256"), ("b", "RS256"), ("a", "ES256")):
        found = await source.find(kid)
        assert found is not None
        assert found.algorithm == algorithm
    assert issuer.fetches == 1


async def test_requests_at_once_fetch_once() -> None:
    issuer = Issuer(key("a"))
    source = issuer.source()
    found = await asyncio.gather(*(source.find("a") for _ in range(20)))
    assert None not in found
    assert issuer.fetches == 1


async def test_an_unknown_key_is_asked_for_once_a_minute() -> None:
    issuer = Issuer(key("a"))
    source = issuer.source()
    for _ in range(5):
        assert await source.find("b") is None
    assert issuer.fetches == 1
    issuer.keys.append(key("b"))
    issuer.now += MINUTE + 1
    assert await source.find("b") is not None
    assert issuer.fetches == 2


async def test_old_keys_serve_while_new_ones_are_fetched() -> None:
    issuer = Issuer(key("a"))
    source = issuer.source()
    await source.find("a")
    issuer.now += 11 * MINUTE
    issuer.keys = [key("a"), key("b")]
    assert await source.find("a") is not None
    await until(lambda: issuer.fetches == 2)
    assert await source.find("b") is not None
    assert issuer.fetches == 2
    await source.close()


async def test_a_key_that_was_taken_back_is_gone_after_the_next_fetch() -> None:
    issuer = Issuer(key("a"), key("b"))
    source = issuer.source()
    await source.find("a")
    issuer.keys = [key("b")]
    issuer.now += 11 * MINUTE
    await source.find("a")
    await until(lambda: issuer.fetches == 2)
    assert await source.find("a") is None
    await source.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (302, None), (200, b"{"), (200, b"[]"), (200, b"{}"), (200, b" " * 300_000)],
)
async def test_old_keys_serve_through_an_outage_of_a_day(status: int, body: bytes | None) -> None:
    issuer = Issuer(key("a"))
    source = issuer.source()
    await source.find("a")
    issuer.status, issuer.body = status, body
    issuer.now += 23 * HOUR
    assert await source.find("a") is not None
    await until(lambda: issuer.fetches == 2)
    issuer.now += 2 * HOUR
    with pytest.raises(IssuerUnavailable):
        await source.find("a")
    issuer.status, issuer.body = 200, None
    issuer.now += 6
    assert await source.find("a") is not None
    await source.close()


async def test_without_any_keys_nobody_is_turned_away_for_good() -> None:
    issuer = Issuer()
    issuer.status = 503
    source = issuer.source()
    for _ in range(3):
        with pytest.raises(IssuerUnavailable):
            await source.find("a")
    assert issuer.fetches == 1
    issuer.status, issuer.keys = 200, [key("a")]
    issuer.now += 6
    assert await source.find("a") is not None


async def test_only_signature_keys_of_allowed_algorithms_count() -> None:
    secret = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC0"}
    issuer = Issuer(
        key("encryption", use="enc"),
        key("rsa", RSA),
        key("secret", secret),
        key("odd", {"kty": "ODD"}),
        key("broken", {"kty": "EC", "crv": "P-256", "x": "?", "y": "?"}),
        key("good", use="sig"),
    )
    issuer.keys.append("no key at all")
    source = issuer.source("ES256", "HS256x")
    assert await source.find("good") is not None
    for kid in ("encryption", "rsa", "secret", "odd", "broken"):
        assert await source.find(kid) is None


async def test_without_an_id_the_only_key_is_meant() -> None:
    assert await Issuer(key("a")).source().find(None) is not None
    assert await Issuer(key("a"), key("b")).source().find(None) is None


def test_keys_are_not_fetched_in_clear() -> None:
    client = httpx2.AsyncClient()
    with pytest.raises(SettingsError, match="https"):
        RemoteKeys("http://id.example/keys", frozenset({"ES256"}), client)
    RemoteKeys("http://127.0.0.1:9/keys", frozenset({"ES256"}), client)
