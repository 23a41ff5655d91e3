"""Access tokens: what is accepted, and everything that looks like it and is not."""

import base64
import stat
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.api_jws import PyJWS

from app.auth.claims import token_id_of
from app.auth.errors import TokenRejected
from app.auth.signing import SigningKey, open_key
from app.auth.tokens import (
    DEVELOPMENT_ISSUER,
    DEVICE_ISSUER,
    LocalIssuer,
    TokenVerifier,
    issue_token,
)
from app.settings import Settings, SettingsError, load_settings
from domain.common.ids import ChannelCode, CustomerId, DeviceId, LocationId
from domain.identity.model import Actor, Role

KEY = SigningKey(Ed25519PrivateKey.generate(), "key-1")
HEADER = {"typ": "at+jwt", "kid": "key-1"}
LEEWAY = timedelta(seconds=30)


def verifier(issuer: str = DEVELOPMENT_ISSUER) -> TokenVerifier:
    return TokenVerifier(
        {issuer: LocalIssuer(issuer, "unico", KEY)}, audience="unico", leeway=LEEWAY
    )


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, changed as told; None takes one away."""
    now = int(datetime.now(UTC).timestamp())
    given = {
        "iss": DEVELOPMENT_ISSUER,
        "aud": "unico",
        "sub": "ada",
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid4()),
        "role": "ADMIN",
    } | changes
    return {name: value for name, value in given.items() if value is not None}


def signed(
    given: Mapping[str, Any],
    key: Any = KEY.private,
    algorithm: str = "EdDSA",
    header: Mapping[str, Any] = HEADER,
) -> str:
    return PyJWS().encode(orjson.dumps(given), key, algorithm=algorithm, headers=dict(header))


async def refused(token: str, by: TokenVerifier | None = None) -> str:
    """Why the token is refused."""
    with pytest.raises(TokenRejected) as error:
        await (by or verifier()).actor(token)
    return error.value.reason


async def test_what_is_issued_comes_back() -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    actor = Actor(
        subject="till",
        role=Role.POS,
        location_ids=frozenset({LocationId(uuid4()), LocationId(uuid4())}),
        channel_codes=frozenset({ChannelCode("WEB")}),
        customer_id=CustomerId(uuid4()),
        token_id=uuid4(),
        device_id=DeviceId(uuid4()),
        expires_at=end,
    )
    token = LocalIssuer(DEVICE_ISSUER, "unico", KEY).issue(actor, timedelta(hours=1))
    assert await verifier(DEVICE_ISSUER).actor(token) == actor


async def test_a_token_never_outlives_its_actor() -> None:
    issuer = LocalIssuer(DEVELOPMENT_ISSUER, "unico", KEY)
    end = datetime.now(UTC) + timedelta(days=9)
    token = issuer.issue(Actor("ada", Role.ADMIN, expires_at=end), timedelta(minutes=1))
    actor = await verifier().actor(token)
    assert actor.expires_at is not None
    assert actor.expires_at < datetime.now(UTC) + timedelta(minutes=2)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "other"},
        {"aud": None},
        {"iss": "other"},
        {"iss": None},
        {"iss": ["unico-development"]},
        {"sub": None},
        {"sub": 5},
        {"iat": None},
        {"exp": None},
        {"exp": "soon"},
        {"jti": None},
        {"jti": 5},
        {"role": None},
        {"role": "KING"},
        {"role": ["ADMIN"]},
        {"locations": "ROME"},
        {"locations": ["ROME"]},
        {"locations": [5]},
        {"locations": [str(UUID(int=1))] * 1_001},
        {"channels": {"WEB": 1}},
        {"customer": "me"},
        {"customer": 5},
        {"nbf": int(datetime.now(UTC).timestamp()) + 86_400},
    ],
)
async def test_bad_claims_are_refused(changes: dict[str, Any]) -> None:
    await refused(signed(claims(**changes)))


async def test_expiry_and_birth_have_a_little_leeway() -> None:
    now = int(datetime.now(UTC).timestamp())
    await verifier().actor(signed(claims(exp=now - 10)))
    assert await refused(signed(claims(exp=now - 31))) == "the token has expired"
    await verifier().actor(signed(claims(iat=now + 10)))
    await refused(signed(claims(iat=now + 60)))


async def test_tokens_that_live_too_long_are_refused() -> None:
    now = int(datetime.now(UTC).timestamp())
    await verifier().actor(signed(claims(exp=now + 30 * 86_400)))
    assert "31 days" in await refused(signed(claims(exp=now + 32 * 86_400)))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "key-1", "typ": "JWT"},
        {"kid": "key-1", "typ": "id+jwt"},
        {"kid": "key-2", "typ": "at+jwt"},
        {"typ": "at+jwt"},
        {"kid": "key-1", "typ": "at+jwt", "crit": ["exp"], "exp": 1},
    ],
)
async def test_bad_headers_are_refused(header: dict[str, Any]) -> None:
    await refused(signed(claims(), header=header))


async def test_another_key_of_the_same_name_is_refused() -> None:
    await refused(signed(claims(), Ed25519PrivateKey.generate()))


async def test_a_key_in_the_header_is_ignored() -> None:
    mine = Ed25519PrivateKey.generate()
    x = base64.urlsafe_b64encode(mine.public_key().public_bytes_raw()).decode().rstrip("=")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x}
    await refused(signed(claims(), mine, header={**HEADER, "jwk": jwk}))
    await refused(signed(claims(), mine, header={**HEADER, "jku": "https://evil.example/keys"}))


async def test_the_algorithm_is_never_taken_from_the_token() -> None:
    public = KEY.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    await refused(signed(claims(), public, "HS256"))
    rsa_key = rsa.generate_private_key(65537, 2048)
    await refused(signed(claims(), rsa_key, "RS256"))
    parts = signed(claims()).split(".")
    none = base64.urlsafe_b64encode(orjson.dumps({**HEADER, "alg": "none"})).decode().rstrip("=")
    await refused(f"{none}.{parts[1]}.")


@pytest.mark.parametrize("token", ["", "a", "a.b.c", ".", "..", "é.é.é", "x" * 10_000])
async def test_what_is_no_token_at_all_is_refused(token: str) -> None:
    await refused(token)


async def test_nested_json_in_a_token_is_refused_and_does_no_harm() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 5_000).decode().rstrip("=")
    await refused(f"{deep}.e30.e30")
    header = base64.urlsafe_b64encode(orjson.dumps({**HEADER, "alg": "EdDSA"})).decode().rstrip("=")
    await refused(f"{header}.{deep}.e30")


async def test_a_changed_token_is_refused() -> None:
    head, _, signature = signed(claims()).split(".")
    body = base64.urlsafe_b64encode(orjson.dumps(claims(sub="eve"))).decode().rstrip("=")
    await refused(f"{head}.{body}.{signature}")


async def test_only_the_device_issuer_speaks_of_devices() -> None:
    actor = await verifier().actor(signed(claims(device=str(uuid4()))))
    assert actor.device_id is None
    await refused(signed(claims(iss=DEVICE_ISSUER)), verifier(DEVICE_ISSUER))


async def test_a_remembered_token_ends_like_any_other() -> None:
    checks = TokenVerifier(
        {DEVELOPMENT_ISSUER: LocalIssuer(DEVELOPMENT_ISSUER, "unico", KEY)},
        audience="unico",
        leeway=timedelta(0),
    )
    now = datetime.now(UTC).timestamp()
    token = signed(claims(exp=int(now) + 1))
    await checks.actor(token)
    await checks.actor(token)
    while datetime.now(UTC).timestamp() < int(now) + 1:
        pass
    assert await refused(token, checks) == "the token has expired"


def test_ids_that_are_no_uuids_become_uuids_of_their_issuer() -> None:
    key = uuid4()
    assert token_id_of("a", str(key)) == key
    assert token_id_of("a", "x") == token_id_of("a", "x")
    assert token_id_of("a", "x") != token_id_of("b", "x")


def development(home: Path) -> Settings:
    return load_settings(home=home, environment="development")


async def test_the_development_issuer_keeps_its_key(tmp_path: Path) -> None:
    settings = development(tmp_path)
    token = issue_token(settings, subject="ada", role=Role.ADMIN)
    path = tmp_path / "dev-issuer.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert jwt.get_unverified_header(token)["kid"] == open_key(path).kid


def test_there_is_no_development_issuer_in_production(tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path, environment="production", jwks_url="https://id.example/keys"
    )
    with pytest.raises(SettingsError, match="UNICO_DEV_ISSUER"):
        issue_token(settings, subject="ada", role=Role.ADMIN)
    assert not (tmp_path / "dev-issuer.key").exists()


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "key"
    with ThreadPoolExecutor(8) as pool:
        kids = {key.kid for key in pool.map(open_key, [path] * 8)}
    assert len(kids) == 1
    assert [each.name for each in path.parent.iterdir()] == ["key"]


def test_a_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("hello")
    with pytest.raises(SettingsError, match=str(path)):
        open_key(path)
