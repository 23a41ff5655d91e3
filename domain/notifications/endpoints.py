"""Use cases: where partners are told. Secrets are shown once, and kept to sign with."""

import base64
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from domain.catalog.repository import require_channel
from domain.common.card_numbers import check_no_card_number
from domain.common.errors import Forbidden, NotFound, ValidationFailed, check_version
from domain.common.idempotency import once
from domain.common.ids import ChannelCode, new_id
from domain.common.patch import KEEP, Keep, kept
from domain.common.texts import one_line
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor, Role
from domain.notifications.events import endpoint_changed
from domain.notifications.model import Endpoint, EndpointId, NotificationKind
from domain.notifications.repository import all_endpoints, endpoint_by_id
from domain.notifications.tables import webhook_endpoint

MANAGERS = frozenset({Role.OPERATIONS, Role.ADMIN, Role.CHANNEL})
MOST_ENDPOINTS = 100
LONGEST_URL = 2_000
SECRET_BYTES = 32
BOTH_SECRETS_FOR = timedelta(days=1)
RECEIVER_GONE = "the receiver answered 410 Gone"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CreateEndpoint:
    """A new endpoint. Empty `kinds` or `channels` mean all."""

    idempotency_key: str
    url: str
    description: str
    kinds: tuple[NotificationKind, ...]
    channels: tuple[ChannelCode, ...]


@dataclass(frozen=True, slots=True)
class UpdateEndpoint:
    """What changes of an endpoint; KEEP leaves it as it is."""

    idempotency_key: str
    endpoint_id: EndpointId
    url: str | Keep = KEEP
    description: str | Keep = KEEP
    kinds: tuple[NotificationKind, ...] | Keep = KEEP
    channels: tuple[ChannelCode, ...] | Keep = KEEP
    enabled: bool | Keep = KEEP
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RotateSecret:
    """A new secret for an endpoint."""

    idempotency_key: str
    endpoint_id: EndpointId
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class DisableEndpoint:
    """No more messages to an endpoint, for that reason."""

    idempotency_key: str
    endpoint_id: EndpointId
    reason: str = ""
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class EndpointDone:
    """The endpoint that a use case made or changed, with the version it has since."""

    id: EndpointId
    version: int


@dataclass(frozen=True, slots=True)
class WithSecret:
    """As EndpointDone, and its secret when that was made just now: it is nowhere else to be had."""

    done: EndpointDone
    secret: str | None


def may_manage(actor: Actor, endpoint: Endpoint) -> bool:
    """Whether the actor sees and changes the endpoint: an integration those of its channels only,
    the head office all of them.
    """
    if actor.role is Role.CHANNEL:
        return bool(endpoint.channels) and actor.channel_codes >= set(endpoint.channels)
    return actor.role in MANAGERS


async def create_endpoint(tx: Tx, actor: Actor, command: CreateEndpoint) -> WithSecret:
    """The new endpoint with its secret; a repeated command gets it without the secret.

    Raises:
        Forbidden: the actor may not be told of these channels.
        ValidationFailed: something is malformed, or there are 100 endpoints already.
        NotFound: there is no such channel. IdempotencyConflict: see there.
    """
    _require_manager(actor)
    made: list[str] = []

    async def work() -> EndpointDone:
        if len(await all_endpoints(tx.connection)) >= MOST_ENDPOINTS:
            raise ValidationFailed("url", f"there are {MOST_ENDPOINTS} endpoints already")
        now = await tx.now()
        made.append(new_secret())
        endpoint = Endpoint(
            id=EndpointId(new_id()),
            url=checked_url(command.url),
            description=_line("description", command.description),
            kinds=_kinds(command.kinds),
            channels=await _channels(tx, command.channels),
            enabled=True,
            disabled_reason=None,
            created_by=tx.actor_key,
            created_at=now,
            updated_at=now,
            version=1,
            secret=made[0],
        )
        if not may_manage(actor, endpoint):
            raise Forbidden("not allowed for these channels")
        await tx.connection.execute(sa.insert(webhook_endpoint).values(**_row(endpoint)))
        await publish(tx, endpoint_changed(endpoint))
        return EndpointDone(endpoint.id, endpoint.version)

    done = await once(tx, "createWebhookEndpoint", command, EndpointDone, work)
    return WithSecret(done, made[0] if made else None)


async def update_endpoint(tx: Tx, actor: Actor, command: UpdateEndpoint) -> EndpointDone:
    """The changed endpoint; what waits for it is sent to its new address.

    Raises:
        NotFound: no such endpoint in the actor's scope, or no such channel.
        Forbidden, ValidationFailed, VersionConflict, IdempotencyConflict: see there.

    Locks: the endpoint.
    """

    async def changed(before: Endpoint) -> Endpoint:
        enabled = kept(command.enabled, before.enabled)
        after = replace(
            before,
            url=before.url if isinstance(command.url, Keep) else checked_url(command.url),
            description=_line("description", kept(command.description, before.description)),
            kinds=_kinds(kept(command.kinds, before.kinds)),
            channels=await _channels(tx, kept(command.channels, before.channels)),
            enabled=enabled,
            disabled_reason=None if enabled else before.disabled_reason,
        )
        if not may_manage(actor, after):
            raise Forbidden("not allowed for these channels")
        return after

    operation = "updateWebhookEndpoint"
    return await _change(tx, actor, operation, command, changed)


async def rotate_secret(tx: Tx, actor: Actor, command: RotateSecret) -> WithSecret:
    """The endpoint with a new secret; messages are signed with the former one too for a day. A
    repeated command gets it without the secret.

    Raises:
        NotFound, VersionConflict, IdempotencyConflict: see there.

    Locks: the endpoint.
    """
    made: list[str] = []

    async def changed(before: Endpoint) -> Endpoint:
        made.append(new_secret())
        until = await tx.now() + BOTH_SECRETS_FOR
        return replace(before, secret=made[0], former_secret=before.secret, former_until=until)

    operation = "rotateWebhookSecret"
    done = await _change(tx, actor, operation, command, changed)
    return WithSecret(done, made[0] if made else None)


async def disable_endpoint(tx: Tx, actor: Actor, command: DisableEndpoint) -> EndpointDone:
    """The endpoint, told nothing any more; what waits for it is skipped when it is due.

    Raises:
        NotFound, ValidationFailed, VersionConflict, IdempotencyConflict: see there.

    Locks: the endpoint.
    """

    async def changed(before: Endpoint) -> Endpoint:
        reason = _line("reason", command.reason)
        return replace(before, enabled=False, disabled_reason=reason or None)

    operation = "disableWebhookEndpoint"
    return await _change(tx, actor, operation, command, changed)


async def disabled_by_receiver(tx: Tx, endpoint_id: EndpointId) -> None:
    """The endpoint is told nothing any more, since its receiver wants that.

    Locks: the endpoint.
    """
    before = await endpoint_by_id(tx.connection, endpoint_id, lock=True)
    if before is not None and before.enabled:
        await _save(tx, before, replace(before, enabled=False, disabled_reason=RECEIVER_GONE))


def new_secret() -> str:
    """A new secret of the form of Standard Webhooks: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def checked_url(url: str) -> str:
    """The address itself: HTTPS, without a user, password or fragment; HTTP to this machine is
    accepted here, and refused when it is called unless that is allowed in development.

    Raises:
        ValidationFailed: otherwise.
    """
    given = url.strip()
    if len(given) > LONGEST_URL or not given.isascii() or not given.isprintable() or " " in given:
        raise ValidationFailed("url", "must be an address of printable ASCII characters")
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValidationFailed("url", "is no address") from error
    if not _HOST.fullmatch(host) or port == 0:
        raise ValidationFailed("url", "must name a host")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValidationFailed("url", "must begin with https://")
    if "@" in parts.netloc or parts.fragment:
        raise ValidationFailed("url", "must have no user, password or fragment")
    check_no_card_number("url", given)
    return given


def _require_manager(actor: Actor) -> None:
    if actor.role not in MANAGERS:
        raise Forbidden("this role does not manage endpoints")


async def _change(
    tx: Tx,
    actor: Actor,
    operation: str,
    command: UpdateEndpoint | RotateSecret | DisableEndpoint,
    changed: Callable[[Endpoint], Awaitable[Endpoint]],
) -> EndpointDone:
    _require_manager(actor)

    async def work() -> EndpointDone:
        before = await endpoint_by_id(tx.connection, command.endpoint_id, lock=True)
        if before is None or not may_manage(actor, before):
            raise NotFound("webhook endpoint", str(command.endpoint_id))
        check_version(command.expected_version, before.version)
        return await _save(tx, before, await changed(before))

    return await once(tx, operation, command, EndpointDone, work)


async def _save(tx: Tx, before: Endpoint, changed: Endpoint) -> EndpointDone:
    after = replace(changed, version=before.version + 1, updated_at=await tx.now())
    write = sa.update(webhook_endpoint).where(webhook_endpoint.c.id == after.id)
    await tx.connection.execute(write.values(**_row(after)))
    await publish(tx, endpoint_changed(after))
    return EndpointDone(after.id, after.version)


def _row(endpoint: Endpoint) -> dict[str, object]:
    return {**asdict(endpoint), "kinds": [kind.value for kind in endpoint.kinds]}


def _line(field: str, text: str) -> str:
    line = one_line(field, text, 200)
    check_no_card_number(field, line)
    return line


def _kinds(kinds: tuple[NotificationKind, ...]) -> tuple[NotificationKind, ...]:
    return tuple(kind for kind in NotificationKind if kind in kinds)


async def _channels(tx: Tx, channels: tuple[ChannelCode, ...]) -> tuple[ChannelCode, ...]:
    wanted = tuple(sorted(set(channels)))
    for channel in wanted:
        await require_channel(tx.connection, channel)
    return wanted
