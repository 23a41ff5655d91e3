"""Text messages over a server on loopback that answers as Twilio's API does."""

import base64
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.settings import SettingsError, load_settings
from app.sms.twilio import TwilioTexter
from domain.notifications.model import NotificationId
from domain.notifications.port import Outcome, Sms
from tests.support.listening import listening

SMS = Sms(NotificationId(UUID(int=5)), "+390612345678", "Bottega: ciao € più")
PATH = "/2010-04-01/Accounts/AC1/Messages.json"


@dataclass
class Provider:
    """Keeps what it is asked for; `answer` is what it says."""

    answer: Response = field(
        default_factory=lambda: JSONResponse({"sid": "SM1", "status": "queued"}, 201)
    )
    forms: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    async def post(self, request: Request) -> Response:
        body = httpx2.QueryParams((await request.body()).decode())
        self.forms.append(dict(body))
        self.headers.append(dict(request.headers))
        return self.answer


@pytest.fixture
async def provider() -> Provider:
    return Provider()


@pytest.fixture
async def texter(provider: Provider) -> AsyncGenerator[TwilioTexter]:
    app = Starlette(routes=[Route(PATH, provider.post, methods=["POST"])])
    async with listening(app) as (_, port), httpx2.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}{PATH}"
        given = load_settings(
            sms_url=url, sms_username="AC1", sms_password="s3cret", sms_from="Bottega"
        )
        assert "s3cret" not in repr(given)
        yield TwilioTexter(given, client)


async def test_a_text_is_posted_as_a_form(texter: TwilioTexter, provider: Provider) -> None:
    sent = await texter.send_sms(SMS)
    assert (sent.outcome, sent.reference) == (Outcome.SENT, "SM1")
    assert provider.forms == [{"To": SMS.to, "From": "Bottega", "Body": SMS.text}]
    headers = provider.headers[0]
    wanted = "Basic " + base64.b64encode(b"AC1:s3cret").decode()
    assert headers["authorization"] == wanted
    assert headers["i-twilio-idempotency-token"] == str(SMS.key)


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (JSONResponse({"code": 21211, "message": "+390612345678 is no number"}, 400),
         Outcome.REFUSED, "status 400, code 21211"),
        (JSONResponse({"sid": "SM1", "status": "failed", "error_code": 30003}, 201),
         Outcome.REFUSED, "status 201, code 30003"),
        (JSONResponse([], 404), Outcome.REFUSED, "status 404"),
        (Response("no", 400), Outcome.REFUSED, "status 400"),
        (JSONResponse({"code": 20003}, 401), Outcome.TRY_AGAIN, "status 401"),
        (Response(status_code=503), Outcome.TRY_AGAIN, "status 503"),
    ],
)  # fmt: skip
async def test_answers_mean_what_they_mean(
    texter: TwilioTexter, provider: Provider, answer: Response, outcome: Outcome, reason: str
) -> None:
    provider.answer = answer
    sent = await texter.send_sms(SMS)
    assert (sent.outcome, sent.reason) == (outcome, reason)


async def test_too_many_at_once_wait_as_asked(texter: TwilioTexter, provider: Provider) -> None:
    provider.answer = Response(status_code=429, headers={"retry-after": "90"})
    sent = await texter.send_sms(SMS)
    assert (sent.outcome, sent.wait) == (Outcome.TRY_AGAIN, timedelta(seconds=90))


async def test_silence_is_tried_again() -> None:
    given = load_settings(sms_url="http://127.0.0.1:1/", sms_from="Bottega")
    async with httpx2.AsyncClient() as client:
        sent = await TwilioTexter(given, client).send_sms(SMS)
    assert sent.outcome is Outcome.TRY_AGAIN


def test_texts_need_a_sender() -> None:
    with pytest.raises(SettingsError, match="UNICO_SMS_FROM"):
        load_settings(sms_url="https://example.com")
