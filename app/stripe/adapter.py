"""A `PaymentGateway` over Stripe's PaymentIntents with manual capture.

An authorisation is a PaymentIntent, created and confirmed in one call. Our `psp_key` is Stripe's
Idempotency-Key, which Stripe keeps for a day at least; it also stands in the metadata of what it
made, so that `look_up` finds it later.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import stripe
import structlog

from app.stripe.amounts import NotRepresentable, to_stripe
from app.stripe.marks import ALIVE, KEY, capture_mark
from app.stripe.payouts import lines_of
from domain.payments.gateway import GatewayAnswer, Operation, Outcome
from domain.payments.payouts import PayoutLine

_AUTHENTICATE = "authentication_required"

log = structlog.get_logger("unico.stripe")


class Stripe:
    """Stripe as a PSP. Its library waits for answers in the threads of `threads`.

    Stripe releases what is left of an authorisation with its first capture, unless the account and
    the card allow several (`multicapture`, up to 50): then the last one, or `void`, releases it.
    """

    def __init__(
        self, client: stripe.StripeClient, threads: Executor, *, multicapture: bool = False
    ) -> None:
        self._client = client
        self._threads = threads
        self._multicapture = multicapture

    async def authorise(
        self, psp_key: str, token: str, amount_minor: int, currency: str
    ) -> GatewayAnswer:
        """See the port. `token` names a payment method (`pm_...`), or is a card token (`tok_...`).

        A card whose bank asks for the customer is declined (`authentication_required`): the
        customer authenticates in the shop, before the order is placed.
        """
        try:
            amount = to_stripe(amount_minor, currency)
        except NotRepresentable:
            return GatewayAnswer(Outcome.DECLINED, reason="amount_not_representable")
        params: stripe.params.PaymentIntentCreateParams = {
            "amount": amount,
            "currency": currency.lower(),
            "capture_method": "manual",
            "confirm": True,
            "allowed_payment_method_types": ["card"],
            "metadata": {KEY: psp_key},
        }
        if token.startswith("tok_"):
            # Taken by Stripe, though its library does not list it: tokens of older card forms.
            given: Any = {"type": "card", "card": {"token": token}}
            params["payment_method_data"] = given
        else:
            params["payment_method"] = token
        if self._multicapture:
            several: Any = {"card": {"request_multicapture": "if_available"}}
            params["payment_method_options"] = several
        return await self._answer(lambda: self._create(psp_key, params))

    async def capture(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        """See the port. Declined when Stripe released the authorisation before."""
        return await self._answer(lambda: self._capture(psp_key, reference, amount_minor))

    async def refund(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        """See the port. A refund that the bank has not carried out yet counts as made; if it fails
        later a webhook tells.
        """
        return await self._answer(lambda: self._refund(psp_key, reference, amount_minor))

    async def void(self, psp_key: str, reference: str) -> GatewayAnswer:
        """See the port."""
        return await self._answer(lambda: self._void(psp_key, reference))

    async def look_up(
        self, operation: Operation, psp_key: str, reference: str | None
    ) -> GatewayAnswer | None:
        """See the port. An authorisation without a reference is found by Stripe's search, which
        knows it after a minute or so; until then the same key makes no second one.
        """
        found: list[GatewayAnswer] = []

        def ask() -> GatewayAnswer:
            answer = self._look_up(operation, psp_key, reference)
            if answer is not None:
                found.append(answer)
            return answer or GatewayAnswer(Outcome.DECLINED)

        answer = await self._answer(ask)
        return answer if answer.outcome is Outcome.UNKNOWN or found else None

    async def payout_lines(self, reference: str) -> Sequence[PayoutLine] | None:
        """See `PayoutSource`."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, lines_of, self._client, reference)
        except (stripe.StripeError, NotRepresentable) as error:
            log.warning("no lines of a payout", payout=reference, kind=type(error).__name__)
            return None

    async def _answer(self, call: Callable[[], GatewayAnswer]) -> GatewayAnswer:
        """What `call` answers, made in a thread; its failures are answers."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, call)
        except stripe.CardError as error:
            return GatewayAnswer(Outcome.DECLINED, reason=_decline(error))
        except stripe.InvalidRequestError as error:
            return GatewayAnswer(Outcome.DECLINED, reason=error.code or "invalid_request")
        except (stripe.RateLimitError, stripe.APIConnectionError, stripe.APIError) as error:
            log.warning("no answer", kind=type(error).__name__, status=error.http_status)
        except stripe.StripeError as error:
            # A wrong key of the account, or a key of ours that was used for something else:
            # nobody's card is to blame, and somebody has to look.
            log.error("refused", kind=type(error).__name__, status=error.http_status)
        return GatewayAnswer(Outcome.UNKNOWN)

    def _create(
        self, psp_key: str, params: "stripe.params.PaymentIntentCreateParams"
    ) -> GatewayAnswer:
        intents = self._client.v1.payment_intents
        intent = intents.create(params, {"idempotency_key": psp_key})
        if intent.status == "requires_action":
            intents.cancel(intent.id, None, {"idempotency_key": f"{psp_key}-cancel"})
        return _authorisation(intent)

    def _capture(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        intents = self._client.v1.payment_intents
        intent = intents.retrieve(reference, {"expand": ["latest_charge"]})
        mark = capture_mark(psp_key)
        if mark in _metadata(intent):
            return GatewayAnswer(Outcome.APPROVED, reference)
        try:
            amount = to_stripe(amount_minor, intent.currency.upper())
        except NotRepresentable:
            return GatewayAnswer(Outcome.DECLINED, reference, "amount_not_representable")
        params: stripe.params.PaymentIntentCaptureParams = {
            "amount_to_capture": amount,
            "metadata": {mark: psp_key},
        }
        if self._multicapture and _several(intent):
            params["final_capture"] = amount >= intent.amount_capturable
        intents.capture(reference, params, {"idempotency_key": psp_key})
        return GatewayAnswer(Outcome.APPROVED, reference)

    def _refund(self, psp_key: str, reference: str, amount_minor: int) -> GatewayAnswer:
        intent = self._client.v1.payment_intents.retrieve(reference)
        try:
            amount = to_stripe(amount_minor, intent.currency.upper())
        except NotRepresentable:
            return GatewayAnswer(Outcome.DECLINED, reference, "amount_not_representable")
        refund = self._client.v1.refunds.create(
            {"payment_intent": reference, "amount": amount, "metadata": {KEY: psp_key}},
            {"idempotency_key": psp_key},
        )
        return _refunded(refund, reference)

    def _void(self, psp_key: str, reference: str) -> GatewayAnswer:
        intents = self._client.v1.payment_intents
        try:
            intents.cancel(reference, None, {"idempotency_key": psp_key})
        except stripe.InvalidRequestError:
            if intents.retrieve(reference).status not in ("canceled", "succeeded"):
                raise
        return GatewayAnswer(Outcome.APPROVED, reference)

    def _look_up(
        self, operation: Operation, psp_key: str, reference: str | None
    ) -> GatewayAnswer | None:
        intent = self._intent_of(psp_key, reference)
        if intent is None:
            return None
        match operation:
            case Operation.AUTHORISE:
                return _authorisation(intent)
            case Operation.CAPTURE:
                done = capture_mark(psp_key) in _metadata(intent)
            case Operation.VOID:
                done = intent.status == "canceled"
            case Operation.REFUND:
                made = self._client.v1.refunds.list({"payment_intent": intent.id, "limit": 100})
                for refund in made.auto_paging_iter():
                    if _metadata(refund).get(KEY) == psp_key:
                        return _refunded(refund, intent.id)
                done = False
        return GatewayAnswer(Outcome.APPROVED, intent.id) if done else None

    def _intent_of(self, psp_key: str, reference: str | None) -> stripe.PaymentIntent | None:
        intents = self._client.v1.payment_intents
        if reference is not None:
            return intents.retrieve(reference)
        query = f'metadata["{KEY}"]:"{psp_key}"'
        return next(iter(intents.search({"query": query, "limit": 1}).data), None)


def _authorisation(intent: stripe.PaymentIntent) -> GatewayAnswer:
    if intent.status in ALIVE:
        return GatewayAnswer(Outcome.APPROVED, intent.id)
    if intent.status == "requires_action":
        return GatewayAnswer(Outcome.DECLINED, intent.id, _AUTHENTICATE)
    error = intent.last_payment_error
    if error is None:
        ended = intent.status == "canceled"
        outcome = Outcome.DECLINED if ended else Outcome.UNKNOWN
        return GatewayAnswer(outcome, intent.id, intent.status)
    return GatewayAnswer(Outcome.DECLINED, intent.id, error.decline_code or error.code)


def _refunded(refund: stripe.Refund, reference: str) -> GatewayAnswer:
    if refund.status in ("failed", "canceled"):
        return GatewayAnswer(Outcome.DECLINED, reference, refund.failure_reason or refund.status)
    return GatewayAnswer(Outcome.APPROVED, reference)


def _several(intent: stripe.PaymentIntent) -> bool:
    """Whether the authorisation may be captured several times."""
    charge = intent.latest_charge
    details = charge.payment_method_details if isinstance(charge, stripe.Charge) else None
    several = details.card.multicapture if details and details.card else None
    return several is not None and several.status == "available"


def _metadata(made: stripe.PaymentIntent | stripe.Refund) -> dict[str, str]:
    return {} if made.metadata is None else made.metadata.to_dict()


def _decline(error: stripe.CardError) -> str:
    """Why the card was declined, in Stripe's words, such as `insufficient_funds`."""
    said = error.error
    return (said.decline_code if said else None) or error.code or "card_declined"
