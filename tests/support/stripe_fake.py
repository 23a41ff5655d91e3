"""A server on loopback that behaves as Stripe's API does, as far as it is used, or goes wrong."""

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.listening import listening

API_KEY = "sk_test_of_the_fake"
SECRET = "whsec_of_the_fake"
WHEN = 1_767_261_600
"""When everything happens there: 2026-01-01T10:00:00Z."""

APPROVED = "pm_card_visa"
NO_MONEY = "pm_card_visa_chargeDeclinedInsufficientFunds"
ASKS = "pm_card_authenticationRequired"
NO_REFUND = "pm_card_refundFail"
SILENCE = "silence"
"""A mishap: it is done, and no answer comes."""

Handler = Callable[[Request, dict[str, str]], Awaitable[Response]]


@dataclass
class FakeStripe:
    """Its PaymentIntents, refunds, disputes and payouts, and the events of all that happened.

    `mishaps`: by the last part of a path, what to answer first after the work was done: a status,
    or SILENCE. `several`: whether cards can be captured several times.
    """

    url: str = ""
    several: bool = True
    intents: dict[str, dict[str, Any]] = field(default_factory=dict[str, Any])
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict[str, Any])
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, Any])
    events: list[dict[str, Any]] = field(default_factory=list[Any])
    mishaps: dict[str, list[int | str]] = field(default_factory=dict[str, Any])
    calls: list[str] = field(default_factory=list[str])
    unauthenticated: int = 0
    kept: dict[str, tuple[bytes, int, bytes]] = field(default_factory=dict[str, Any])
    over: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def app(self) -> Starlette:
        one = "/v1/payment_intents/{id}"
        return Starlette(
            routes=[
                Route("/v1/payment_intents", self._guarded(self._create), methods=["POST"]),
                Route("/v1/payment_intents/search", self._guarded(self._search)),
                Route(one, self._guarded(self._retrieve)),
                Route(one + "/capture", self._guarded(self._capture), methods=["POST"]),
                Route(one + "/cancel", self._guarded(self._cancel), methods=["POST"]),
                Route("/v1/refunds", self._guarded(self._refund), methods=["POST"]),
                Route("/v1/refunds", self._guarded(self._refunds_of)),
                Route("/v1/balance_transactions", self._guarded(self._transactions)),
            ]
        )

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            if request.headers.get("authorization") != f"Bearer {API_KEY}":
                self.unauthenticated += 1
                return refusal(401, "invalid_request_error", None)
            body = await request.body()
            self.calls.append(f"{request.method} {request.url.path}")
            answer = await self._once(request, body, handler)
            left = self.mishaps.get(request.url.path.rpartition("/")[2], [])
            if not left:
                return answer
            mishap = left.pop(0)
            if isinstance(mishap, int):
                return refusal(mishap, "api_error", None)
            await self.over.wait()
            return answer

        return guarded

    async def _once(self, request: Request, body: bytes, handler: Handler) -> Response:
        """The answer; a key that was used before gives the same one again and does nothing."""
        key = request.headers.get("idempotency-key")
        if request.method == "POST":
            assert key, "every change carries a key"
            asked = request.url.path.encode() + body
            if key in self.kept:
                before, status, said = self.kept[key]
                if before != asked:
                    return refusal(400, "idempotency_error", None)
                headers = {"idempotent-replayed": "true"}
                return Response(said, status, headers, media_type="application/json")
        given = dict(parse_qsl(body.decode() or request.url.query))
        answer = await handler(request, given)
        if key is not None:
            asked = request.url.path.encode() + body
            self.kept[key] = (asked, answer.status_code, bytes(answer.body))
        return answer

    async def _create(self, request: Request, given: dict[str, str]) -> Response:
        assert given["confirm"] == "true"
        assert given["capture_method"] == "manual"
        card = given.get("payment_method") or given["payment_method_data[card][token]"]
        amount, currency = int(given["amount"]), given["currency"]
        if currency in ("kwd", "bhd", "omr", "tnd", "jod") and amount % 10:
            return refusal(400, "invalid_request_error", "invalid_amount")
        if not card.startswith(("pm_card_", "tok_")):
            return refusal(400, "invalid_request_error", "resource_missing")
        intent: dict[str, Any] = {
            "id": f"pi_{next(self.numbers)}", "object": "payment_intent", "amount": amount,
            "currency": currency, "amount_capturable": amount, "amount_received": 0,
            "status": "requires_capture", "metadata": metadata(given), "last_payment_error": None,
            "payment_method": card, "latest_charge": None, "created": WHEN, "livemode": False,
        }  # fmt: skip
        self.intents[intent["id"]] = intent
        if "Declined" in card:
            return self._declined(intent)
        if card == ASKS:
            intent |= {"status": "requires_action", "amount_capturable": 0}
            return self._told("payment_intent.requires_action", intent)
        wanted = given.get("payment_method_options[card][request_multicapture]")
        several = "available" if self.several and wanted == "if_available" else "unavailable"
        intent["latest_charge"] = {
            "id": intent["id"].replace("pi_", "ch_"), "object": "charge",
            "payment_method_details": {"card": {"multicapture": {"status": several}}},
        }  # fmt: skip
        return self._told("payment_intent.amount_capturable_updated", intent)

    def _declined(self, intent: dict[str, Any]) -> Response:
        error = {
            "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
            "message": "Your card has insufficient funds.",
        }  # fmt: skip
        change = {"status": "requires_payment_method", "amount_capturable": 0}
        intent |= change | {"last_payment_error": error}
        self._told("payment_intent.payment_failed", intent)
        return JSONResponse({"error": error}, status_code=402)

    async def _search(self, request: Request, given: dict[str, str]) -> Response:
        asked = re.fullmatch(r'metadata\["(\w+)"\]:"([^"]+)"', given["query"])
        assert asked is not None
        name, value = asked.groups()
        found = [each for each in self.intents.values() if each["metadata"].get(name) == value]
        page = {"object": "search_result", "url": "/v1/payment_intents/search", "has_more": False}
        return JSONResponse(page | {"data": found[:1], "next_page": None})

    async def _retrieve(self, request: Request, given: dict[str, str]) -> Response:
        intent = self.intents.get(request.path_params["id"])
        if intent is None:
            return refusal(404, "invalid_request_error", "resource_missing")
        return JSONResponse(intent)

    async def _capture(self, request: Request, given: dict[str, str]) -> Response:
        intent = self.intents[request.path_params["id"]]
        amount = int(given["amount_to_capture"])
        if intent["status"] != "requires_capture":
            return refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
        if amount > intent["amount_capturable"]:
            return refusal(400, "invalid_request_error", "amount_too_large")
        intent["metadata"] |= metadata(given)
        intent["amount_received"] += amount
        intent["amount_capturable"] -= amount
        if given.get("final_capture", "true") == "false":
            return self._told("payment_intent.amount_capturable_updated", intent)
        intent |= {"status": "succeeded", "amount_capturable": 0}
        return self._told("payment_intent.succeeded", intent)

    async def _cancel(self, request: Request, given: dict[str, str]) -> Response:
        intent = self.intents.get(request.path_params["id"])
        if intent is None:
            return refusal(404, "invalid_request_error", "resource_missing")
        if intent["status"] in ("succeeded", "canceled"):
            return refusal(400, "invalid_request_error", "payment_intent_unexpected_state")
        status = "succeeded" if intent["amount_received"] else "canceled"
        intent |= {"status": status, "amount_capturable": 0}
        return self._told(f"payment_intent.{status}", intent)

    async def _refund(self, request: Request, given: dict[str, str]) -> Response:
        return self.refund(given["payment_intent"], int(given["amount"]), metadata(given))

    def refund(
        self, intent_id: str, amount: int, kept: Mapping[str, str] | None = None
    ) -> Response:
        """A refund, asked for through the API or, without `kept`, made in the dashboard."""
        intent = self.intents[intent_id]
        live = ("succeeded", "pending")
        before = [each for each in self.refunds.values() if each["payment_intent"] == intent_id]
        gone = sum(each["amount"] for each in before if each["status"] in live)
        if gone + amount > intent["amount_received"]:
            return refusal(400, "invalid_request_error", "charge_already_refunded")
        failed = intent["payment_method"] == NO_REFUND
        refund: dict[str, Any] = {
            "id": f"re_{next(self.numbers)}", "object": "refund", "amount": amount,
            "currency": intent["currency"], "payment_intent": intent_id,
            "metadata": dict(kept or {}), "status": "failed" if failed else "succeeded",
            "failure_reason": "lost_or_stolen_card" if failed else None, "created": WHEN,
        }  # fmt: skip
        self.refunds[refund["id"]] = refund
        return self._told("refund.failed" if failed else "refund.created", refund)

    async def _refunds_of(self, request: Request, given: dict[str, str]) -> Response:
        asked = given["payment_intent"]
        return page_of(
            "refunds", [r for r in self.refunds.values() if r["payment_intent"] == asked]
        )

    async def _transactions(self, request: Request, given: dict[str, str]) -> Response:
        return page_of("balance_transactions", self.lines.get(given["payout"], []))

    def dispute(self, intent_id: str, status: str = "needs_response") -> dict[str, Any]:
        """The event of a dispute about the whole payment, opened or, in that status, closed."""
        intent = self.intents[intent_id]
        closed = status in ("won", "lost")
        dispute = {
            "id": intent_id.replace("pi_", "dp_"), "object": "dispute", "status": status,
            "amount": intent["amount_received"], "currency": intent["currency"],
            "reason": "product_not_received", "payment_intent": intent_id, "created": WHEN,
            "evidence_details": {"due_by": WHEN + 604_800},
        }  # fmt: skip
        self._told("charge.dispute.closed" if closed else "charge.dispute.created", dispute)
        return self.events[-1]

    def payout(self, *intent_ids: str, fee: int = 30, status: str = "paid") -> dict[str, Any]:
        """The event of a payout of what was captured of these PaymentIntents."""
        payout_id = f"po_{next(self.numbers)}"
        self.lines[payout_id] = [
            {
                "id": each.replace("pi_", "txn_"), "object": "balance_transaction",
                "type": "charge", "amount": self.intents[each]["amount_received"], "fee": fee,
                "net": self.intents[each]["amount_received"] - fee, "created": WHEN,
                "currency": self.intents[each]["currency"],
                "source": {"id": each.replace("pi_", "ch_"), "object": "charge",
                           "payment_intent": each},
            }
            for each in intent_ids
        ]  # fmt: skip
        payout = {
            "id": payout_id, "object": "payout", "status": status, "arrival_date": WHEN + 172_800,
            "amount": sum(line["net"] for line in self.lines[payout_id]), "created": WHEN,
            "currency": self.intents[intent_ids[0]]["currency"],
        }  # fmt: skip
        self._told(f"payout.{status}", payout)
        return self.events[-1]

    def _told(self, kind: str, told: dict[str, Any]) -> Response:
        """The answer with that object; its event is kept as it was then."""
        number = next(self.numbers)
        event = {
            "id": f"evt_{number}", "object": "event", "type": kind, "created": WHEN + number,
            "data": {"object": orjson.loads(orjson.dumps(told))},
        }  # fmt: skip
        self.events.append(event)
        return JSONResponse(told)


def metadata(given: Mapping[str, str]) -> dict[str, str]:
    """What is given as metadata in a form."""
    found = {re.fullmatch(r"metadata\[(\w+)\]", name): text for name, text in given.items()}
    return {match[1]: text for match, text in found.items() if match is not None}


def refusal(status: int, kind: str, code: str | None) -> Response:
    error = {"type": kind, "code": code, "message": "the fake says no"}
    return JSONResponse({"error": error}, status_code=status)


def page_of(name: str, data: list[dict[str, Any]]) -> Response:
    page = {"object": "list", "url": f"/v1/{name}", "has_more": False, "data": data}
    return JSONResponse(page)


def signature(body: bytes, stamp: int, *secrets: str) -> str:
    """The header that Stripe sends with a body, signed with all of the secrets."""
    signed = f"{stamp}.".encode() + body
    parts = [
        "v1=" + hmac.digest(each.encode(), signed, hashlib.sha256).hex()
        for each in secrets or (SECRET,)
    ]
    return ",".join([f"t={stamp}", *parts])


@contextlib.asynccontextmanager
async def serving_stripe() -> AsyncGenerator[FakeStripe]:
    """The fake, on a free port of loopback."""
    fake = FakeStripe()
    async with listening(fake.app(), lifespan="off") as (_, port):
        fake.url = f"http://127.0.0.1:{port}"
        try:
            yield fake
        finally:
            fake.over.set()
