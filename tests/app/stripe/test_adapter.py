"""The Stripe adapter through Stripe's library, against a server that behaves as Stripe does."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from unittest.mock import patch

import pytest

from app.settings import SettingsError, load_settings
from app.stripe.adapter import Stripe
from app.stripe.wiring import gateway_of
from domain.payments.gateway import GatewayAnswer, Operation, Outcome
from tests.support.stripe_fake import (
    API_KEY,
    APPROVED,
    ASKS,
    NO_MONEY,
    NO_REFUND,
    SILENCE,
    FakeStripe,
    serving_stripe,
)

UNKNOWN = GatewayAnswer(Outcome.UNKNOWN)


@dataclass
class Line:
    """The adapter and the server that it speaks to."""

    stripe: Stripe
    fake: FakeStripe

    async def authorised(
        self, key: str = "auth-1", amount: int = 1000, token: str = APPROVED, currency: str = "EUR"
    ) -> str:
        answer = await self.stripe.authorise(key, token, amount, currency)
        assert answer.outcome is Outcome.APPROVED, answer
        assert answer.reference is not None
        return answer.reference


@pytest.fixture(params=[True])
async def line(request: pytest.FixtureRequest) -> AsyncGenerator[Line]:
    async with serving_stripe() as fake:
        settings = load_settings(
            stripe_api_key=API_KEY, stripe_url=fake.url, stripe_timeout_s=0.5,
            stripe_multicapture=request.param,
        )  # fmt: skip
        async with gateway_of(settings) as stripe:
            assert stripe is not None
            yield Line(stripe, fake)
        assert fake.unauthenticated == 0


async def test_without_a_key_or_without_the_library_there_is_no_stripe() -> None:
    async with gateway_of(load_settings()) as stripe:
        assert stripe is None
    settings = load_settings(stripe_api_key=API_KEY)
    secrets = load_settings(stripe_webhook_secrets="whsec_1, whsec_2")
    assert secrets.stripe_webhook_secrets == ("whsec_1", "whsec_2")
    assert "whsec" not in repr(secrets)
    assert API_KEY not in repr(settings)
    with patch("importlib.util.find_spec", return_value=None), pytest.raises(SettingsError):
        async with gateway_of(settings):
            raise AssertionError("unreachable")


async def test_one_key_is_one_charge_however_often_it_is_asked_for(line: Line) -> None:
    answers = await asyncio.gather(
        *[line.stripe.authorise("auth-1", APPROVED, 1000, "EUR") for _ in range(3)]
    )
    assert len(line.fake.intents) == 1
    assert {answer.outcome for answer in answers} == {Outcome.APPROVED}
    other = await line.stripe.authorise("auth-1", APPROVED, 999, "EUR")
    assert other == UNKNOWN  # a key is never charged for something else
    old_form = await line.stripe.authorise("auth-2", "tok_visa", 1000, "EUR")
    assert old_form.outcome is Outcome.APPROVED


async def test_declines_say_why(line: Line) -> None:
    for token, reason in (
        (NO_MONEY, "insufficient_funds"),
        (ASKS, "authentication_required"),
        ("pm_unknown", "resource_missing"),
    ):
        answer = await line.stripe.authorise(f"auth-{token}", token, 1000, "EUR")
        assert (answer.outcome, answer.reason) == (Outcome.DECLINED, reason)
    assert all(each["amount_capturable"] == 0 for each in line.fake.intents.values())
    # Nobody can finish what the customer's bank asked for any more.
    statuses = [each["status"] for each in line.fake.intents.values()]
    assert statuses == ["requires_payment_method", "canceled"]


async def test_trouble_is_no_answer_and_the_charge_is_found(line: Line) -> None:
    for mishap in (500, 503, 429, 409, 401, 403, SILENCE):
        key = f"auth-{mishap}"
        line.fake.mishaps["payment_intents"] = [mishap]
        assert await line.stripe.authorise(key, APPROVED, 1000, "EUR") == UNKNOWN
        found = await line.stripe.look_up(Operation.AUTHORISE, key, None)
        assert found == await line.stripe.authorise(key, APPROVED, 1000, "EUR")
        assert found is not None
        assert found.outcome is Outcome.APPROVED
    assert len(line.fake.intents) == 7


async def test_what_was_never_asked_for_is_not_found(line: Line) -> None:
    assert await line.stripe.look_up(Operation.AUTHORISE, "auth-1", None) is None
    reference = await line.authorised()
    for operation in (Operation.CAPTURE, Operation.REFUND, Operation.VOID):
        assert await line.stripe.look_up(operation, "k", reference) is None
    line.fake.mishaps["search"] = [500]
    assert await line.stripe.look_up(Operation.AUTHORISE, "auth-1", None) == UNKNOWN


async def test_several_captures_and_refunds_of_one_authorisation(line: Line) -> None:
    reference = await line.authorised()
    approved = GatewayAnswer(Outcome.APPROVED, reference)
    for key, amount in (("c1", 300), ("c2", 500), ("c1", 300)):
        assert await line.stripe.capture(key, reference, amount) == approved
    intent = line.fake.intents[reference]
    assert (intent["amount_received"], intent["amount_capturable"]) == (800, 200)
    too_much = await line.stripe.capture("c3", reference, 201)
    assert (too_much.outcome, too_much.reason) == (Outcome.DECLINED, "amount_too_large")
    assert await line.stripe.look_up(Operation.CAPTURE, "c2", reference) == approved
    assert await line.stripe.look_up(Operation.CAPTURE, "c3", reference) is None
    for key, amount in (("r1", 100), ("r2", 700), ("r1", 100)):
        assert await line.stripe.refund(key, reference, amount) == approved
    more = await line.stripe.refund("r3", reference, 1)
    assert (more.outcome, more.reason) == (Outcome.DECLINED, "charge_already_refunded")
    assert await line.stripe.look_up(Operation.REFUND, "r2", reference) == approved
    assert await line.stripe.void("v1", reference) == approved
    assert intent["amount_capturable"] == 0


@pytest.mark.parametrize("line", [False], indirect=True)
async def test_an_account_without_several_captures_releases_the_rest(line: Line) -> None:
    reference = await line.authorised()
    assert (await line.stripe.capture("c1", reference, 300)).outcome is Outcome.APPROVED
    second = await line.stripe.capture("c2", reference, 300)
    assert second.outcome is Outcome.DECLINED
    assert second.reason == "payment_intent_unexpected_state"
    assert (await line.stripe.void("v1", reference)).outcome is Outcome.APPROVED


async def test_a_lost_answer_is_looked_up(line: Line) -> None:
    for key, mishap in (("1", 500), ("2", SILENCE)):
        reference = await line.authorised(f"auth-{key}")
        approved = GatewayAnswer(Outcome.APPROVED, reference)
        line.fake.mishaps = {"capture": [mishap], "refunds": [mishap]}
        assert await line.stripe.capture(f"c{key}", reference, 600) == UNKNOWN
        assert await line.stripe.look_up(Operation.CAPTURE, f"c{key}", reference) == approved
        assert await line.stripe.capture(f"c{key}", reference, 600) == approved
        assert await line.stripe.refund(f"r{key}", reference, 500) == UNKNOWN
        assert await line.stripe.look_up(Operation.REFUND, f"r{key}", reference) == approved
        assert await line.stripe.refund(f"r{key}", reference, 500) == approved
        assert line.fake.intents[reference]["amount_received"] == 600
    assert len(line.fake.refunds) == 2


async def test_voids(line: Line) -> None:
    reference = await line.authorised()
    line.fake.mishaps["cancel"] = [SILENCE]
    assert await line.stripe.void("v1", reference) == UNKNOWN
    approved = GatewayAnswer(Outcome.APPROVED, reference)
    assert await line.stripe.look_up(Operation.VOID, "v1", reference) == approved
    assert await line.stripe.void("v1", reference) == approved
    assert await line.stripe.void("v2", reference) == approved  # there is nothing left to release
    assert (await line.stripe.void("v3", "pi_none")).outcome is Outcome.DECLINED


async def test_a_refund_that_the_bank_refuses(line: Line) -> None:
    reference = await line.authorised(token=NO_REFUND)
    await line.stripe.capture("c1", reference, 1000)
    answer = await line.stripe.refund("r1", reference, 1000)
    assert (answer.outcome, answer.reason) == (Outcome.DECLINED, "lost_or_stolen_card")


async def test_amounts_of_other_currencies(line: Line) -> None:
    for currency, minor, theirs in (("JPY", 500, 500), ("KWD", 1230, 1230), ("ISK", 7, 700)):
        reference = await line.authorised(currency, minor, currency=currency)
        assert line.fake.intents[reference]["amount"] == theirs
        taken = await line.stripe.capture(f"c-{currency}", reference, minor)
        given = await line.stripe.refund(f"r-{currency}", reference, minor)
        assert (taken.outcome, given.outcome) == (Outcome.APPROVED, Outcome.APPROVED)
        assert line.fake.intents[reference]["amount_received"] == theirs


async def test_an_amount_that_stripe_cannot_take_is_declined(line: Line) -> None:
    reason = "amount_not_representable"
    answer = await line.stripe.authorise("auth-1", APPROVED, 1234, "KWD")
    assert (answer.outcome, answer.reason, line.fake.calls) == (Outcome.DECLINED, reason, [])
    reference = await line.authorised(amount=1230, currency="KWD")
    assert (await line.stripe.capture("c1", reference, 1)).reason == reason
    assert (await line.stripe.refund("r1", reference, 1)).reason == reason
