"""Calls of partners' servers: signed, pinned, never redirected, and what answers mean."""

import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from starlette.responses import RedirectResponse, Response

from app.hooks_out.calling import HttpHooker
from app.hooks_out.guard import Resolve, resolve
from app.retry_after import wait_asked
from app.settings import SettingsError, load_settings
from domain.common.ids import ChannelCode, OrderId
from domain.notifications.endpoints import new_secret
from domain.notifications.model import Endpoint, NotificationId, NotificationKind
from domain.notifications.port import Hook, Outcome
from tests.domain.notifications.test_model import endpoint
from tests.support.certificates import certificate
from tests.support.listening import listening
from tests.support.partner import Partner, open_partner

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = new_secret()
HOOK = Hook(
    NotificationId(UUID(int=5)), NotificationKind.SHIPPED, NOW, OrderId(UUID(int=7)), "U-1-2",
    ChannelCode("WEB"), {"carrier": "GLS", "trackingNumbers": ["T1"]},
)  # fmt: skip


@pytest.fixture
async def partner() -> AsyncGenerator[Partner]:
    async with open_partner() as partner:
        yield partner


@asynccontextmanager
async def opened(resolve: Resolve = resolve, **given: bool) -> AsyncGenerator[HttpHooker]:
    """A caller with these settings."""
    hooker = HttpHooker(load_settings(webhook_timeout_s=5, **given), resolve)
    try:
        yield hooker
    finally:
        await hooker.close()


@pytest.fixture
async def hooker() -> AsyncGenerator[HttpHooker]:
    async with opened(webhooks_to_loopback=True) as hooker:
        yield hooker


def target(partner: Partner) -> Endpoint:
    return endpoint(url=partner.url, secret=SECRET)


async def test_a_call_is_signed_by_standard_webhooks(hooker: HttpHooker, partner: Partner) -> None:
    sent = await hooker.call(target(partner), HOOK, NOW)
    assert sent.outcome is Outcome.SENT
    assert partner.verified(SECRET)
    assert not partner.verified(new_secret())
    headers = partner.headers[0]
    assert headers["webhook-id"] == f"msg_{UUID(int=5).hex}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["content-type"] == "application/json"
    assert headers["host"] == partner.url.removeprefix("http://").removesuffix("/hook")
    body = orjson.loads(partner.bodies[0])
    assert body["type"] == "order.shipped"
    assert body["timestamp"] == "2026-03-01T12:00:00+00:00"
    assert body["data"] == {
        "orderId": body["data"]["orderId"],
        "orderNumber": "U-1-2",
        "channel": "WEB",
        "carrier": "GLS",
        "trackingNumbers": ["T1"],
    }


async def test_both_secrets_sign_while_one_is_replaced(
    hooker: HttpHooker, partner: Partner
) -> None:
    fresh = new_secret()
    until = NOW + timedelta(hours=1)
    both = replace(target(partner), secret=fresh, former_secret=SECRET, former_until=until)
    await hooker.call(both, HOOK, NOW)
    assert partner.verified(fresh)
    assert partner.verified(SECRET)
    await hooker.call(both, HOOK, until)
    assert partner.verified(fresh)
    assert not partner.verified(SECRET)


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "wait"),
    [
        (200, {}, Outcome.SENT, None),
        (410, {}, Outcome.GONE, None),
        (400, {"retry-after": "9"}, Outcome.TRY_AGAIN, None),
        (429, {"retry-after": "120"}, Outcome.TRY_AGAIN, timedelta(seconds=120)),
        (503, {"retry-after": "Sun, 01 Mar 2020 12:00:00 GMT"}, Outcome.TRY_AGAIN, timedelta(0)),
        (504, {"retry-after": "soon"}, Outcome.TRY_AGAIN, None),
    ],
)
async def test_answers_mean_what_they_mean(
    hooker: HttpHooker, partner: Partner, status: int, headers: dict[str, str],
    outcome: Outcome, wait: timedelta | None,
) -> None:  # fmt: skip
    partner.answer = Response(status_code=status, headers=headers)
    sent = await hooker.call(target(partner), HOOK, NOW)
    assert (sent.outcome, sent.wait) == (outcome, wait)


async def test_redirects_are_not_followed(hooker: HttpHooker, partner: Partner) -> None:
    partner.answer = RedirectResponse(partner.url.replace("/hook", "/elsewhere"), 307)
    sent = await hooker.call(target(partner), HOOK, NOW)
    assert (sent.outcome, sent.reason) == (Outcome.TRY_AGAIN, "status 307")
    assert partner.elsewhere == 0


async def test_this_machine_is_not_called_unless_it_is_let(partner: Partner) -> None:
    async with opened() as guarded:
        sent = await guarded.call(target(partner), HOOK, NOW)
        assert sent.outcome is Outcome.REFUSED
        safe = replace(target(partner), url=partner.url.replace("http", "https"))
        sent = await guarded.call(safe, HOOK, NOW)
        assert (sent.outcome, sent.reason) == (
            Outcome.REFUSED,
            "the host has an address that is not public",
        )
    assert partner.bodies == []


async def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    named = replace(target(partner), url=partner.url.replace("127.0.0.1", "partner.example"))
    async with opened(resolve, webhooks_to_loopback=True) as hooker:
        assert (await hooker.call(named, HOOK, NOW)).outcome is Outcome.SENT
    assert asked == ["partner.example"]
    assert partner.headers[0]["host"].startswith("partner.example:")


async def test_the_certificate_must_be_that_of_the_host(tmp_path: Path) -> None:
    pem, trusting = certificate(tmp_path, "partner.example")
    partner = Partner()

    async def resolve(_: str, __: int) -> Sequence[str]:
        return ["127.0.0.1"]

    settings = load_settings(webhooks_to_loopback=True, webhook_timeout_s=5)
    hooker = HttpHooker(settings, resolve, trusting)
    async with listening(partner.app(), ssl_certfile=str(pem)) as (_, port):
        for host, outcome in (
            ("partner.example", Outcome.SENT),
            ("other.example", Outcome.TRY_AGAIN),
        ):
            url = f"https://{host}:{port}/hook"
            sent = await hooker.call(endpoint(url=url, secret=SECRET), HOOK, NOW)
            assert sent.outcome is outcome, host
    await hooker.close()
    assert len(partner.bodies) == 1


async def test_silence_and_unknown_hosts_are_tried_again(
    hooker: HttpHooker, partner: Partner
) -> None:
    away = replace(target(partner), url="http://127.0.0.1:1/hook")
    assert (await hooker.call(away, HOOK, NOW)).outcome is Outcome.TRY_AGAIN

    async def unknown(_: str, __: int) -> Sequence[str]:
        raise socket.gaierror

    async with opened(unknown) as lost:
        sent = await lost.call(endpoint(secret=SECRET), HOOK, NOW)
    assert (sent.outcome, sent.reason) == (Outcome.TRY_AGAIN, "gaierror")


async def test_a_message_that_is_too_long_is_not_sent(hooker: HttpHooker, partner: Partner) -> None:
    long = replace(HOOK, facts={"trackingNumbers": ["T" * 20_000]})
    assert (await hooker.call(target(partner), long, NOW)).outcome is Outcome.REFUSED
    assert partner.bodies == []


def test_production_calls_no_loopback() -> None:
    with pytest.raises(SettingsError, match="UNICO_WEBHOOKS_TO_LOOPBACK"):
        load_settings(
            environment="production", jwks_url="https://example.com", webhooks_to_loopback=True
        )


@pytest.mark.parametrize("text", [None, "", "-5", "1e3", "99999999999", "tomorrow"])
def test_what_is_no_time_asks_for_none(text: str | None) -> None:
    assert wait_asked(text) is None
