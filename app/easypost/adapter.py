"""A `Carrier` over EasyPost's API: rates, labels, refunds of labels, trackers."""

from collections.abc import Sequence
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from app.easypost.objects import (
    ShipmentObject,
    TrackersPage,
    shipment_for,
    shipment_of,
    sum_of_rates,
)
from domain.carriers.model import (
    CarrierReport,
    LabelAnswer,
    LabelRequest,
    Outcome,
    Place,
    Rate,
    VoidAnswer,
)

T = TypeVar("T", bound=BaseModel)
TIMEOUT_S = 5.0
MAX_DOCUMENT_BYTES = 5_000_000
_VOID = frozenset({"submitted", "refunded"})
_TRY_AGAIN = frozenset({408, 409, 429})


class Silence(Exception):
    """No answer, or one that says to try again: nobody knows what has happened."""


class Refusal(Exception):
    """EasyPost says no; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class EasyPost:
    """A carrier whose services are those of all carriers of an EasyPost account.

    A label's key is the reference of its shipment, so that a purchase whose answer was lost is
    found again and not made twice.
    """

    def __init__(
        self, code: str, client: httpx2.AsyncClient, documents: httpx2.AsyncClient
    ) -> None:
        """`client` speaks to the API and knows the key; `documents` fetches labels without it."""
        self._code = code
        self._client = client
        self._documents = documents

    async def rates(
        self, sender: Place, recipient: Place, weights_g: Sequence[int]
    ) -> Sequence[Rate]:
        """See the port. Several parcels are asked for one by one."""
        try:
            shipments = [
                await self._make(shipment_of(sender, recipient, weight)) for weight in weights_g
            ]
        except (Silence, Refusal):
            return ()
        return sum_of_rates(self._code, shipments)

    async def buy_label(self, wanted: LabelRequest) -> LabelAnswer:
        """See the port."""
        try:
            shipment = await self._found(str(wanted.key)) or await self._make(shipment_for(wanted))
            if shipment.postage_label is None:
                rate = shipment.rate_named(wanted.service)
                if rate is None:
                    return LabelAnswer(Outcome.REFUSED, reason=_why(shipment, wanted.service))
                chosen = {"rate": {"id": rate.id}}
                shipment = await self._post(f"/shipments/{shipment.id}/buy", chosen, ShipmentObject)
            return await self._sold(shipment)
        except Silence:
            return LabelAnswer(Outcome.UNKNOWN)
        except Refusal as refusal:
            return LabelAnswer(Outcome.REFUSED, reason=refusal.message)

    async def cancel_label(self, reference: str) -> VoidAnswer:
        """See the port. A refund that was asked for counts: the label must not be used any more."""
        try:
            try:
                shipment = await self._post(f"/shipments/{reference}/refund", {}, ShipmentObject)
            except Refusal as refusal:
                found = await self._found(reference)
                if found is None or found.refund_status not in _VOID:
                    return VoidAnswer(Outcome.REFUSED, refusal.message)
                return VoidAnswer(Outcome.DONE)
        except Silence:
            return VoidAnswer(Outcome.UNKNOWN)
        if shipment.refund_status in _VOID:
            return VoidAnswer(Outcome.DONE)
        return VoidAnswer(Outcome.REFUSED, f"refund {shipment.refund_status or 'not possible'}")

    async def track(self, tracking_number: str) -> Sequence[CarrierReport]:
        """See the port."""
        wanted = {"tracking_code": tracking_number}
        try:
            response = await self._send("GET", "/trackers", params=wanted)
        except (Silence, Refusal):
            return ()
        found = _read(response, TrackersPage).trackers
        return found[0].reports() if found else ()

    async def _make(self, shipment: dict[str, Any]) -> ShipmentObject:
        return await self._post("/shipments", {"shipment": shipment}, ShipmentObject)

    async def _found(self, key: str) -> ShipmentObject | None:
        """The shipment of that id or reference, if there is one."""
        try:
            response = await self._send("GET", f"/shipments/{key}")
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise
        return _read(response, ShipmentObject)

    async def _sold(self, shipment: ShipmentObject) -> LabelAnswer:
        rate, label = shipment.selected_rate, shipment.postage_label
        if rate is None or label is None or shipment.tracking_code is None:
            raise Silence  # bought, and not ready yet
        return LabelAnswer(
            Outcome.DONE,
            tracking_number=shipment.tracking_code,
            reference=shipment.id,
            price_minor=rate.money.amount_minor,
            currency=rate.currency,
            document=await self._document(label.label_url),
        )

    async def _document(self, url: str) -> bytes:
        content = bytearray()
        try:
            async with self._documents.stream("GET", url) as response:
                if response.status_code != 200:
                    raise Silence
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > MAX_DOCUMENT_BYTES:
                        raise Silence
        except httpx2.HTTPError as error:
            raise Silence from error
        return bytes(content)

    async def _post(self, path: str, body: dict[str, Any], kind: type[T]) -> T:
        return _read(await self._send("POST", path, json=body), kind)

    async def _send(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """A good answer.

        Raises:
            Silence: none in time, or the server has trouble. Refusal: the server says no.
        """
        try:
            response = await self._client.request(method, path.removeprefix("/"), **given)
        except httpx2.HTTPError as error:
            raise Silence from error
        if response.status_code >= 500 or response.status_code in _TRY_AGAIN:
            raise Silence
        if not response.is_success:
            raise Refusal(response.status_code, _message(response))
        return response


def _read(response: httpx2.Response, kind: type[T]) -> T:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise Silence from error  # not what the API promises: somebody has to look


def _message(response: httpx2.Response) -> str:
    """What an error says (`{"error": {"message": ...}}`), at most 200 characters."""
    try:
        message = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
    return str(message)[:200]


def _why(shipment: ShipmentObject, service: str) -> str:
    carrier = service.partition(" ")[0]
    said = [f"{each.message}" for each in shipment.messages if each.carrier == carrier]
    return f"no rate of {service}: {'; '.join(said) or 'not offered'}"[:200]
