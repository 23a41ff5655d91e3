"""Access tokens: making our own, and checking everybody's.

Tokens are JWTs with `typ: at+jwt` (RFC 9068), so that an id token is no access token. Which
algorithms are good follows from the issuer's key and settings, never from the token (RFC 8725);
`jku`, `x5u` and `jwk` headers are ignored.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import jwt
from jwt.api_jwk import PyJWK
from jwt.types import Options

from app.auth.claims import actor_of, claims_of
from app.auth.errors import TokenRejected
from app.auth.signing import ALGORITHM, SigningKey, open_key
from app.settings import Settings, SettingsError
from domain.common.ids import ChannelCode, CustomerId, LocationId, new_id
from domain.identity.model import Actor, Role

DEVELOPMENT_ISSUER = "unico-development"
DEVICE_ISSUER = "unico-devices"
TYPES = frozenset({"at+jwt", "application/at+jwt"})

_MAX_LENGTH = 8_192
_CACHED = 10_000
_CACHED_FOR_S = 60.0
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the one algorithm it is used with."""

    public: Any
    algorithm: str


class KeySource(Protocol):
    """The public keys of one issuer."""

    async def find(self, kid: str | None) -> Key | None:
        """The key of that id; None when the issuer has no such key.

        Raises:
            IssuerUnavailable: the keys could not be fetched.
        """
        ...


class LocalIssuer:
    """An issuer in this installation; its key is a file. It is its own `KeySource`."""

    def __init__(self, name: str, audience: str, key: SigningKey) -> None:
        self.name = name
        self._audience = audience
        self._key = key

    def issue(self, actor: Actor, lifetime: timedelta) -> str:
        """A signed token for the actor; it ends with `actor.expires_at` at the latest."""
        now = datetime.now(UTC)
        expires_at = min(now + lifetime, actor.expires_at or datetime.max.replace(tzinfo=UTC))
        claims = claims_of(actor) | {
            "iss": self.name,
            "aud": self._audience,
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": str(actor.token_id or new_id()),
        }
        headers = {"typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(claims, self._key.private, algorithm=ALGORITHM, headers=headers)

    async def find(self, kid: str | None) -> Key | None:
        """Its one key."""
        return Key(self._key.private.public_key(), ALGORITHM) if kid == self._key.kid else None


def development_issuer(settings: Settings) -> LocalIssuer:
    """The issuer behind `unico token`; its key is `dev-issuer.key` in the home folder.

    Raises:
        SettingsError: it is switched off, as in production.
    """
    if not settings.dev_issuer:
        raise SettingsError("UNICO_DEV_ISSUER is off: get a token from your own issuer")
    return _local(settings, DEVELOPMENT_ISSUER, settings.home / "dev-issuer.key")


def device_issuer(settings: Settings) -> LocalIssuer:
    """The issuer of short tokens for POS devices. All hosts must share its key."""
    path = settings.device_signing_key or settings.home / "device-issuer.key"
    return _local(settings, DEVICE_ISSUER, path)


def issue_token(
    settings: Settings,
    *,
    subject: str,
    role: Role,
    location_ids: Sequence[LocationId] = (),
    channel_codes: Sequence[ChannelCode] = (),
    customer_id: CustomerId | None = None,
    lifetime: timedelta | None = None,
) -> str:
    """A token of the development issuer, good for `token_ttl_minutes` unless given otherwise.

    Raises:
        SettingsError: the development issuer is switched off.
    """
    actor = Actor(
        subject, role, frozenset(location_ids), frozenset(channel_codes), customer_id=customer_id
    )
    default = timedelta(minutes=settings.token_ttl_minutes)
    return development_issuer(settings).issue(actor, lifetime or default)


def _local(settings: Settings, name: str, path: Path) -> LocalIssuer:
    return LocalIssuer(name, settings.audience, open_key(path))


class TokenVerifier:
    """Tells actors from tokens. Good tokens are remembered for a minute, by their text."""

    def __init__(
        self, issuers: Mapping[str, KeySource], *, audience: str, leeway: timedelta
    ) -> None:
        self._issuers = issuers
        self._audience = audience
        self._leeway = leeway
        self._known: OrderedDict[str, tuple[Actor, float]] = OrderedDict()

    async def actor(self, token: str) -> Actor:
        """The actor whom a trusted issuer named in this token.

        Raises:
            TokenRejected: it is not a good token of a trusted issuer for this service.
            IssuerUnavailable: the keys of its issuer could not be fetched.
        """
        now = time.time()
        if (known := self._known.get(token)) and known[1] > now:
            return known[0]
        actor = await self._verified(token)
        end = actor.expires_at.timestamp() + self._leeway.total_seconds() if actor.expires_at else 0
        self._known[token] = (actor, min(end, now + _CACHED_FOR_S))
        if len(self._known) > _CACHED:
            self._known.popitem(last=False)
        return actor

    async def _verified(self, token: str) -> Actor:
        if len(token) > _MAX_LENGTH:
            raise TokenRejected("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
            # Read without trust, only to choose whose keys must confirm it.
            claims = jwt.decode(token, options={"verify_signature": False})
            issuer = str(claims.get("iss", ""))
            key = await self._key(issuer, header)
            verified = jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=issuer,
                leeway=self._leeway,
                options=Options(require=_REQUIRED, enforce_minimum_key_length=True),
            )
        except (jwt.PyJWTError, RecursionError, ValueError) as error:
            raise TokenRejected(_reason(error)) from error
        return _of_issuer(issuer, actor_of(verified))

    async def _key(self, issuer: str, header: Mapping[str, Any]) -> Key:
        if str(header.get("typ", "")).lower() not in TYPES:
            raise TokenRejected("the token is not an access token (typ at+jwt)")
        source = self._issuers.get(issuer)
        if source is None:
            raise TokenRejected("the token's issuer is not trusted")
        key = await source.find(header.get("kid"))
        if key is None:
            raise TokenRejected("the token's issuer has no such key")
        return key


def _of_issuer(issuer: str, actor: Actor) -> Actor:
    """Only the device issuer speaks of devices, and of nothing else."""
    if issuer != DEVICE_ISSUER:
        return replace(actor, device_id=None)
    if actor.device_id is None:
        raise TokenRejected("the token names no device")
    return actor


def _reason(error: Exception) -> str:
    if isinstance(error, jwt.ExpiredSignatureError):
        return "the token has expired"
    return "the token is not valid"


def key_of_jwk(jwk: PyJWK) -> Key:
    """A key with the algorithm that belongs to it."""
    return Key(jwk.key, jwk.algorithm_name)
