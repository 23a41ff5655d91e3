"""The same adapter against localstripe: what we take Stripe to be is not only our own idea.

It keeps no idempotency keys and has no search; the fake has.
"""

import httpx2

from app.settings import load_settings
from app.stripe.adapter import Stripe
from app.stripe.wiring import gateway_of
from domain.payments.gateway import GatewayAnswer, Operation, Outcome
from tests.support.stripe_local import serving_localstripe

KEY = "sk_test_localstripe"


async def card(url: str, number: str) -> str:
    """A payment method, as the customer's browser makes it."""
    data = {"type": "card", "card[number]": number, "card[cvc]": "123"}
    expires = {"card[exp_month]": "12", "card[exp_year]": "2030"}
    async with httpx2.AsyncClient(auth=httpx2.BasicAuth(KEY, "")) as client:
        response = await client.post(f"{url}/v1/payment_methods", data=data | expires)
    return response.json()["id"]


async def test_an_order_s_money_against_localstripe() -> None:
    async with serving_localstripe() as url:
        settings = load_settings(stripe_api_key=KEY, stripe_url=url)
        async with gateway_of(settings) as stripe:
            assert stripe is not None
            await captures_and_refunds(stripe, await card(url, "4242424242424242"))
            await voids(stripe, await card(url, "4242424242424242"))
            declined = await stripe.authorise("d", await card(url, "4000000000000341"), 999, "EUR")
            assert (declined.outcome, declined.reason) == (Outcome.DECLINED, "card_declined")


async def captures_and_refunds(stripe: Stripe, token: str) -> None:
    answer = await stripe.authorise("auth-1", token, 1000, "EUR")
    assert answer.outcome is Outcome.APPROVED
    reference = answer.reference or ""
    approved = GatewayAnswer(Outcome.APPROVED, reference)
    assert await stripe.look_up(Operation.AUTHORISE, "auth-1", reference) == approved
    assert await stripe.capture("c1", reference, 600) == approved
    assert await stripe.look_up(Operation.CAPTURE, "c1", reference) == approved
    assert await stripe.capture("c1", reference, 600) == approved
    assert await stripe.refund("r1", reference, 200) == approved
    assert await stripe.look_up(Operation.REFUND, "r1", reference) == approved
    assert await stripe.look_up(Operation.REFUND, "r2", reference) is None


async def voids(stripe: Stripe, token: str) -> None:
    answer = await stripe.authorise("auth-2", token, 500, "JPY")
    reference = answer.reference or ""
    assert (await stripe.void("v1", reference)).outcome is Outcome.APPROVED
    void = await stripe.look_up(Operation.VOID, "v1", reference)
    assert void == GatewayAnswer(Outcome.APPROVED, reference)
    assert (await stripe.void("v2", reference)).outcome is Outcome.APPROVED
