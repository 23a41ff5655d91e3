"""Carriers for tests: rates of the built-in one, and one that answers as told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.carriers.model import (
    CarrierReport,
    LabelAnswer,
    LabelRequest,
    Outcome,
    Place,
    Rate,
    VoidAnswer,
)
from tests.support.shop import ADMIN
from tests.support.stage import TO_PACKED, Stage, work_at

LABEL = """id orderId parcelId replacesId direction format carrier service state weightG recipient
  trackingNumber price { amount currency } reason url version"""


def rate(service: str = "STANDARD", **changes: Any) -> dict[str, Any]:
    """Input of a rate: 5.90 EUR in Italy up to 5 kg, changed as told; `price` is the amount."""
    given = {"service": service, "country": "IT", "maxWeightG": 5000, "transitDays": 2} | changes
    price = given.pop("price", "5.90")
    return given | {"price": {"amount": price, "currency": given.pop("currency", "EUR")}}


async def set_rates(stage: Stage, *rates: dict[str, Any], **given: Any) -> Any:
    """The answer of setCarrierRates for GLS."""
    given = {"carrier": "GLS", "rates": list(rates)} | given
    selection = """... on SetCarrierRatesPayload { tariff { carrier version rates { service country
      postalPrefix maxWeightG price { amount currency } transitDays } } }"""
    actor = given.pop("actor", ADMIN)
    return await stage.do(actor, "setCarrierRates", "SetCarrierRatesInput", selection, **given)


async def packed(stage: Stage, **wish: Any) -> tuple[Any, str]:
    """An order and the id of its fulfillment order, packed in Rome."""
    order = await stage.released(**wish)
    work: str = work_at(order, "ROME")["id"]
    for step in TO_PACKED:
        await stage.work(step, work)
    return order, work


async def label(stage: Stage, name: str, /, **given: Any) -> Any:
    """The answer of createLabel, editLabel or voidLabel."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    actor = given.pop("actor", ADMIN)
    return await stage.do(
        actor, name, kind, f"... on LabelPayload {{ label {{ {LABEL} }} }}", **given
    )


async def created(stage: Stage, work: str, **given: Any) -> Any:
    """The label of a createLabel that works."""
    wanted = {"carrier": "GLS", "service": "STANDARD", "weightG": 800} | given
    answer = await label(stage, "createLabel", fulfillmentOrderId=work, **wanted)
    assert answer["__typename"] == "LabelPayload", answer
    return answer["label"]


async def ship(stage: Stage, work: str, number: str, carrier: str = "GLS") -> Any:
    """The answer of shipFulfillmentOrder with one parcel."""
    selection = """... on ShipFulfillmentOrderPayload { order { id version } shipment { id version
      parcels { id trackingNumber status } } }"""
    return await stage.do(
        ADMIN, "shipFulfillmentOrder", "ShipFulfillmentOrderInput", selection,
        fulfillmentOrderId=work, carrier=carrier, parcels=[{"trackingNumber": number}],
    )  # fmt: skip


async def labels_of(stage: Stage, order_id: str, selection: str = "state") -> Any:
    """The labels of an order, as the API shows them."""
    document = f"query($id: ID!) {{ labels(orderId: $id) {{ {selection} }} }}"
    return await stage.api.do(ADMIN, document, id=order_id)


ADDRESS = {
    "recipient": "Eva Neri", "street": "Via Milano 2", "city": "Rome", "postalCode": "00100",
    "country": "IT",
}  # fmt: skip


@dataclass
class ScriptedCarrier:
    """A carrier that answers as its script says, then DONE; it remembers what it was asked."""

    buys: list[Outcome] = field(default_factory=list[Outcome])
    voids: list[Outcome] = field(default_factory=list[Outcome])
    bought: list[LabelRequest] = field(default_factory=list[LabelRequest])
    cancelled: list[str] = field(default_factory=list[str])
    document: bytes | None = None
    told: dict[str, list[CarrierReport]] = field(default_factory=dict[str, list[CarrierReport]])
    asked: list[str] = field(default_factory=list[str])
    broken: bool = False
    """Whether it fails as no adapter should."""

    async def rates(
        self, sender: Place, recipient: Place, weights_g: Sequence[int]
    ) -> Sequence[Rate]:
        del sender, recipient
        return [Rate("SCRIPT", "FAST", 100 * len(weights_g), "EUR", 1)]

    async def buy_label(self, wanted: LabelRequest) -> LabelAnswer:
        self.bought.append(wanted)
        if self.broken:
            raise RuntimeError("a defect of the adapter")
        outcome = self.buys.pop(0) if self.buys else Outcome.DONE
        if outcome is not Outcome.DONE:
            return LabelAnswer(outcome, reason="no such street")
        number = f"S{wanted.serial}"
        return LabelAnswer(outcome, number, f"ref-{number}", 250, "EUR", self.document)

    async def cancel_label(self, reference: str) -> VoidAnswer:
        self.cancelled.append(reference)
        outcome = self.voids.pop(0) if self.voids else Outcome.DONE
        return VoidAnswer(outcome, "scanned already" if outcome is Outcome.REFUSED else None)

    async def track(self, tracking_number: str) -> Sequence[CarrierReport]:
        self.asked.append(tracking_number)
        return self.told.get(tracking_number, [])
