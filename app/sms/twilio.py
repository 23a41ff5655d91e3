"""A `Texter` over an HTTP API of Twilio's shape."""

from typing import Any, cast

import httpx2

from app.retry_after import wait_asked
from app.sms.settings import SmsSettings
from domain.notifications.port import Outcome, Sending, Sms

TIMEOUT_S = 15.0
_TRY_AGAIN = frozenset({401, 403, 408, 425, 429})
"""Statuses that somebody can change without changing the message."""

_UNDELIVERED = frozenset({"failed", "undelivered", "canceled"})


class TwilioTexter:
    """Posts each message as a form, with basic authentication."""

    def __init__(self, settings: SmsSettings, client: httpx2.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    async def send_sms(self, sms: Sms) -> Sending:
        """See the port."""
        settings = self._settings
        form = {"To": sms.to, "From": settings.sms_from, "Body": sms.text}
        try:
            response = await self._client.post(
                settings.sms_url,
                data=form,
                headers={"I-Twilio-Idempotency-Token": str(sms.key)},
                auth=httpx2.BasicAuth(settings.sms_username, settings.sms_password),
                timeout=TIMEOUT_S,
            )
        except httpx2.HTTPError as error:
            return Sending(Outcome.TRY_AGAIN, type(error).__name__)
        if response.status_code in _TRY_AGAIN or response.status_code >= 500:
            wait = wait_asked(response.headers.get("retry-after"))
            return Sending(Outcome.TRY_AGAIN, f"status {response.status_code}", wait=wait)
        found = _object(response)
        if not response.is_success:
            return Sending(Outcome.REFUSED, _refusal(response.status_code, found))
        if found.get("status") in _UNDELIVERED:
            return Sending(Outcome.REFUSED, _refusal(response.status_code, found, "error_code"))
        return Sending(Outcome.SENT, reference=str(found.get("sid") or "") or None)


def _object(response: httpx2.Response) -> dict[str, Any]:
    try:
        found: object = response.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _refusal(status: int, found: dict[str, Any], name: str = "code") -> str:
    """The provider's code; its words may repeat the number, so they are not kept."""
    code = found.get(name)
    return f"status {status}, code {code}" if isinstance(code, int) else f"status {status}"
