"""A `Hooker` by Standard Webhooks 1.0: a signed POST to the partner's server.

A 2xx answer within the time-out is a receipt. A redirect is none. 410 means that the server wants
no more messages; 429 and 503 may say for how long to wait. All else is tried again.
"""

import asyncio
import ssl
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson

from app.hooks_out.guard import NotAllowed, Resolve, allowed_address, resolve
from app.hooks_out.settings import HooksOutSettings
from app.retry_after import wait_asked
from app.webhooks.signatures import key_of, signature
from domain.notifications.model import Endpoint
from domain.notifications.port import Hook, Outcome, Sending
from schema.ids import global_id

MAX_BYTES = 20_000
_GONE = 410
_THROTTLED = frozenset({429, 502, 503, 504})


def body_of(hook: Hook) -> bytes:
    """The message: its type, when it happened, and what to ask the API for. No personal data."""
    data: dict[str, Any] = {
        "orderId": str(global_id("Order", hook.order_id)),
        "orderNumber": hook.order_number,
        "channel": hook.channel,
        **hook.facts,
    }
    message = {
        "type": "order." + hook.kind.value.lower().removeprefix("order_"),
        "timestamp": hook.at.isoformat(),
        "data": data,
    }
    return orjson.dumps(message)


def headers_of(endpoint: Endpoint, hook: Hook, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a try at that time, signed with each secret of the endpoint that is good."""
    key, stamp = f"msg_{hook.key.hex}", str(int(now.timestamp()))
    signatures = [signature(key_of(each), key, stamp, body) for each in endpoint.secrets_at(now)]
    return {
        "content-type": "application/json",
        "user-agent": "unico-webhooks/1",
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures),
    }


class HttpHooker:
    """Calls partners' servers over a client that is made at the first call. Close it at the end."""

    def __init__(
        self,
        settings: HooksOutSettings,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: whom to trust; well-known authorities unless given."""
        self._settings = settings
        self._tls = tls
        self._resolve = resolve
        self._made: httpx2.AsyncClient | None = None

    async def close(self) -> None:
        """The client is closed."""
        if self._made is not None:
            await self._made.aclose()

    @property
    def _client(self) -> httpx2.AsyncClient:
        """The client: nothing of the environment decides where it connects to, it follows no
        redirects, and it keeps no connection for the next call.
        """
        if self._made is None:
            self._made = httpx2.AsyncClient(
                verify=self._tls or True,
                trust_env=False,
                limits=httpx2.Limits(max_keepalive_connections=0),
                timeout=self._settings.webhook_timeout_s,
                follow_redirects=False,
            )
        return self._made

    async def call(self, endpoint: Endpoint, hook: Hook, now: datetime) -> Sending:
        """See the port."""
        body = body_of(hook)
        if len(body) > MAX_BYTES:
            return Sending(Outcome.REFUSED, f"longer than {MAX_BYTES} bytes")
        headers = headers_of(endpoint, hook, body, now)
        try:
            async with asyncio.timeout(self._settings.webhook_timeout_s):
                status, retry_after = await self._post(endpoint.url, headers, body)
        except NotAllowed as refused:
            return Sending(Outcome.REFUSED, str(refused))
        except (httpx2.HTTPError, OSError, TimeoutError) as error:
            return Sending(Outcome.TRY_AGAIN, type(error).__name__)
        return _meaning(status, retry_after)

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, str | None]:
        """Status and `Retry-After` of the answer, whose body is not read.

        Raises:
            NotAllowed: the server must not be called. HTTPError, OSError: it was not reached.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        loopback = self._settings.webhooks_to_loopback
        if parts.scheme != "https" and not loopback:
            raise NotAllowed("the address does not begin with https://")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await allowed_address(host, port, loopback=loopback, resolve=self._resolve)
        literal = f"[{address}]" if ":" in address else address
        pinned = parts._replace(netloc=f"{literal}:{port}").geturl()
        async with self._client.stream(
            "POST",
            pinned,
            content=body,
            headers={**headers, "host": parts.netloc},
            extensions={"sni_hostname": host},
        ) as response:
            return response.status_code, response.headers.get("retry-after")


def _meaning(status: int, retry_after: str | None) -> Sending:
    if 200 <= status < 300:
        return Sending(Outcome.SENT, reference=str(status))
    if status == _GONE:
        return Sending(Outcome.GONE, "status 410")
    wait = wait_asked(retry_after) if status in _THROTTLED else None
    return Sending(Outcome.TRY_AGAIN, f"status {status}", wait=wait)
