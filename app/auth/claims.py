"""What a token says about its bearer, both ways: actor to claims and claims to actor.

Besides the registered claims (RFC 7519, RFC 9068): `role`, `locations` (ids), `channels` (codes),
`customer` (id) and, in tokens of devices only, `device` (id).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid5

from app.auth.errors import TokenRejected
from domain.common.ids import ChannelCode, CustomerId, DeviceId, LocationId
from domain.identity.model import Actor, Role
from domain.identity.revoke import MAX_TOKEN_LIFE

_JTI_SPACE = UUID("7d0c8a3e-64ac-5e0d-9d3c-0d6a1c6a9b2f")
_MOST_SCOPES = 1000


def claims_of(actor: Actor) -> dict[str, object]:
    """The private claims of an actor."""
    claims: dict[str, object] = {"sub": actor.subject, "role": actor.role.value}
    if actor.location_ids:
        claims["locations"] = sorted(str(location) for location in actor.location_ids)
    if actor.channel_codes:
        claims["channels"] = sorted(actor.channel_codes)
    if actor.customer_id:
        claims["customer"] = str(actor.customer_id)
    if actor.device_id:
        claims["device"] = str(actor.device_id)
    return claims


def actor_of(claims: Mapping[str, Any]) -> Actor:
    """The actor that verified claims describe.

    Raises:
        TokenRejected: a claim is missing or not of its type, or the token lives too long.
    """
    try:
        expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        if expires_at - datetime.fromtimestamp(int(claims["iat"]), UTC) > MAX_TOKEN_LIFE:
            raise TokenRejected(f"the token lives longer than {MAX_TOKEN_LIFE.days} days")
        return Actor(
            subject=claims["sub"],
            role=Role(claims["role"]),
            location_ids=frozenset(LocationId(UUID(text)) for text in _texts(claims, "locations")),
            channel_codes=frozenset(ChannelCode(text) for text in _texts(claims, "channels")),
            customer_id=CustomerId(UUID(claims["customer"])) if "customer" in claims else None,
            token_id=token_id_of(claims["iss"], claims["jti"]),
            device_id=DeviceId(UUID(claims["device"])) if "device" in claims else None,
            expires_at=expires_at,
        )
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise TokenRejected("the token's claims are not those of this service") from error


def token_id_of(issuer: str, jti: str) -> UUID:
    """The id under which a token is revoked: its `jti`, or a UUID made of it and its issuer."""
    try:
        return UUID(jti)
    except ValueError:
        return uuid5(_JTI_SPACE, f"{issuer}\n{jti}")


def _texts(claims: Mapping[str, Any], name: str) -> list[str]:
    values = claims.get(name, [])
    if not isinstance(values, list) or len(cast("list[Any]", values)) > _MOST_SCOPES:
        raise TypeError(name)
    texts = cast("list[Any]", values)
    if any(not isinstance(text, str) for text in texts):
        raise TypeError(name)
    return texts
