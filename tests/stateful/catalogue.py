"""Every mutation that changes orders, stock or their ways, as a call that the walk makes.

A mutation of the schema is in `CALLS` or, with a reason, in `EXEMPT`; `tests/schema` checks it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from domain.orders.lifecycle import Action
from tests.stateful.calls import NOTHING_MARKED, Call, Given, Guard, Now, Scope, Which, nothing
from tests.support.shop import PLACES
from tests.support.stage import gid, location_id, wish

SKUS = ("HAT", "SCARF")
CARD = {"tender": "CARD", "token": "tok_approve"}
FAILURES = ("NOT_IN_STOCK", "DAMAGED", "MISMATCH", "CAPACITY")
ADDRESS = wish()["delivery"]["address"]


A = Action
SOURCED = frozenset({A.ALLOCATE, A.RELEASE})


def _no_hold(now: Now) -> bool:
    return not now.order["holds"]


def _no_request(now: Now) -> bool:
    work = now.target
    return work["cancel_requested_at"] is None or work["cancel_refused_at"] is not None


def _confirmed(now: Now) -> bool:
    return now.order["status"] == "CONFIRMED"


def _in_store(now: Now) -> bool:
    return now.target["location_id"] == now.order["delivery_location_id"]


def _lines(now: Now, least: int = 1) -> list[dict[str, Any]]:
    order = now.order["id"]
    lines = [line for line in now.rows["order_line"] if line["order_id"] == order]
    line = lines[now.pick % len(lines)]
    return [{"orderLineId": line["id"], "quantity": least + now.way % 3}]


def _in_wave(now: Now) -> dict[str, Any]:
    works = [row for row in now.rows["fulfillment_order"] if row["wave_id"] == now.target["id"]]
    return {"fulfillmentOrderIds": [gid("FulfillmentOrder", row["id"]) for row in works[:1]]}


def _some_stock(now: Now) -> list[dict[str, Any]]:
    return [{"sku": SKUS[now.pick % 2], "quantity": 1 + now.way % 4}]


def _place(number: int) -> str:
    return location_id(sorted(PLACES)[number % len(PLACES)])


def _supplier(now: Now) -> str:
    found = [row["id"] for row in now.rows["location"] if row["kind"] == "SUPPLIER"]
    return gid("Location", found[0])


def _here(now: Now) -> dict[str, Any]:
    return {"locationId": _place(now.pick)}


def _asked_back(now: Now) -> dict[str, Any]:
    lines = [line | {"reason": "CHANGED_MIND"} for line in _lines(now)]
    return {"method": now.one("STORE_DROP_OFF", "LABEL"), "lines": lines}


def _found(now: Now) -> dict[str, Any]:
    what = now.one("RESTOCK", "QUARANTINE", "WRITE_OFF", "SEND_TO_VENDOR", "TRANSFER")
    line = _lines(now)[0]["orderLineId"]
    found = {"orderLineId": line, "quantity": 1, "condition": "AS_NEW", "disposition": what}
    return {"findings": [found]}


def _return(name: str, *first: Action, guard: Guard | None = None) -> Call:
    return Call(name, "ChangeReturnInput", Scope.RETURN, first, Which.FITTING, guard=guard)


def _placed(now: Now) -> dict[str, Any]:
    mode = now.one("SHIP", "SHIP", "PICKUP", "SHIP_TO_STORE", "SHIP")
    policy = ("BACKORDER_REST", "SHIP_COMPLETE", "CANCEL_REST", "REFUSE")[now.pick % 4]
    lines = {"HAT": 1 + now.pick % 3, "SCARF": 1 + now.way % 2}
    token = "tok_decline" if now.pick % 7 == 6 else "tok_approve"
    given = wish(lines=lines, unfilledPolicy=policy, token=token)
    if mode != "SHIP":
        given["delivery"] = {"mode": mode, "locationId": _place(now.pick)}
    return given


def _edited(now: Now) -> dict[str, Any]:
    lines = _lines(now, 0)
    change = now.one(
        {"setQuantity": lines[0]},
        {"add": {"sku": "SCARF", "quantity": 1}},
        {"add": {"sku": "HAT", "quantity": 1}},
        {"remove": lines[0]["orderLineId"]},
    )
    return {"expectedVersion": now.order["version"], "changes": [change]}


def _hold(now: Now) -> dict[str, Any]:
    return {"hold": now.one("MANUAL", "FRAUD")}


def _order(
    name: str,
    kind: str,
    *first: Action,
    which: Which = Which.NONE,
    then: frozenset[Action] = frozenset(),
    given: Given = nothing,
    guard: Guard | None = None,
    ways: int = 1,
    marks: Mapping[str, frozenset[str]] = NOTHING_MARKED,
) -> Call:
    return Call(
        name, kind, Scope.ORDER, first, which, then, given, guard, ways=ways, marks=marks
    )  # fmt: skip


def _work(name: str, *first: Action, which: Which = Which.NONE, guard: Guard | None = None) -> Call:
    return Call(name, "FulfillmentOrderInput", Scope.WORK, first, which, guard=guard)


def _stock(name: str, given: Given) -> Call:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return Call(name, kind, Scope.NOTHING, then=SOURCED, given=given, others=True)


def _transfer(
    name: str, kind: str = "ChangeTransferInput", given: Given = nothing, *, fills: bool = False
) -> Call:
    then = SOURCED if fills else frozenset[Action]()
    return Call(name, kind, Scope.TRANSFER, then=then, given=given, others=fills)


_UNPAID = {
    "PAYMENT_DECLINED": frozenset(
        {
            "customer", "customer_channel", "idempotency_key", "line_group", "order_address",
            "order_history", "order_line", "outbox", "payment", "reservation", "sales_order",
            "sourcing_decision", "stock_level", "stock_movement",
        }
    )
}  # fmt: skip
"""The order is there and waits for another payment: its stock is reserved, and a new customer is
known.
"""
_TRIES = {
    "PICKUP_CODE_WRONG": frozenset({"order_pickup", "sales_order", "order_history", "outbox"})
}
"""Wrong codes are counted, as a version of the order."""
_KEPT = {"QUANTITY_EXCEEDED": frozenset({"fulfillment_exception", "outbox"})}
"""Reports that cannot be believed are kept for people to look at."""

CALLS: Sequence[Call] = (
    Call("placeOrder", "PlaceOrderInput", Scope.NOTHING, given=_placed, others=True,
         marks=_UNPAID),
    _order("payOrder", "PayOrderInput", A.ALLOCATE, A.BACKORDER, which=Which.NONE,
           then=frozenset({A.HAND_OVER}),
           ways=2, given=lambda n: {"payment": n.one(None, CARD)}),
    _order("refundOrder", "RefundOrderInput", ways=3, given=lambda n: {
        "reason": "walk", "amount": {"amount": str(1 + n.way * 15), "currency": "EUR"}}),
    _order("payRefundDue", "PayRefundDueInput", ways=2,
           given=lambda n: {"tender": n.one("CASH", "STORE_CREDIT")}),
    _order("releaseOrder", "ChangeOrderInput", A.RELEASE, which=Which.FITTING,
           guard=lambda n: _confirmed(n) and _no_hold(n)
           and n.order["unfilled_policy"] != "SHIP_COMPLETE"),
    _order("holdOrder", "OrderHoldInput", ways=2, given=_hold),
    _order("releaseHold", "OrderHoldInput", ways=2, given=_hold),
    _order("editOrderAddress", "EditOrderAddressInput", given=lambda _: {"address": ADDRESS}),
    _order("overrideSourcing", "OverrideSourcingInput", A.UNSOURCE, A.ALLOCATE, which=Which.FITTING,
           then=SOURCED, given=lambda n: {"locationId": _place(n.pick), "reason": "walk"}),
    _order("cancelOrder", "ChangeOrderInput", A.CANCEL, which=Which.ALL,
           guard=lambda n: n.order["status"] in ("CONFIRMED", "PENDING_PAYMENT")),
    Call("editOrderLines", "EditOrderLinesInput", Scope.ORDER, (A.CANCEL,), given=_edited, ways=4,
         adds=True),
    _order("cancelOrderLines", "CancelOrderLinesInput", A.CANCEL, which=Which.FITTING,
           given=lambda n: {"lines": _lines(n)}),
    _order("requestCancel", "ChangeOrderInput", A.CANCEL),
    _order("collectOrder", "ChangeOrderInput", A.COLLECT, A.HAND_OVER, which=Which.FITTING,
           guard=lambda n: _confirmed(n) and _no_hold(n)),
    _order("collectPickup", "CollectPickupInput", A.COLLECT, A.HAND_OVER, which=Which.FITTING,
           ways=2, given=lambda n: n.one({"identityChecked": True}, {"code": "AAAAAA"}),
           marks=_TRIES),
    _order("namePickupProxy", "NamePickupProxyInput", given=lambda _: {"name": "Bruno Neri"}),
    _order("extendPickup", "ExtendPickupInput", given=lambda n: {"days": 1 + n.way % 3}),
    _order("choosePickupAlternative", "ChoosePickupAlternativeInput", A.REROUTE, A.CANCEL,
           which=Which.FITTING, then=SOURCED,
           ways=9, given=lambda n: {"choice": n.one("OTHER_STORE", "REFUND", "SHIP_HOME"),
                            "locationId": _place(n.pick + n.way // 3), "address": ADDRESS}),
    _order("resolveFailedDelivery", "ResolveFailedDeliveryInput", A.RESHIP, A.GIVE_UP,
           which=Which.FITTING, then=SOURCED, guard=_confirmed,
           ways=2, given=lambda n: {"resolution": n.one("RESHIP", "REFUND")}),
    _work("acceptFulfillmentOrder"),
    _work("startPicking", A.START_PICKING, which=Which.ALL, guard=_no_hold),
    _work("confirmPick", A.CONFIRM_PICK, which=Which.ALL, guard=_no_hold),
    _work("packFulfillmentOrder", A.PACK, which=Which.ALL, guard=_no_hold),
    _work("markReadyForPickup", A.MARK_READY, which=Which.ALL,
          guard=lambda n: _no_hold(n) and _no_request(n) and _in_store(n)),
    _work("dispatchPickupTransfer", A.DISPATCH_TRANSFER, which=Which.ALL,
          guard=lambda n: _no_hold(n) and _no_request(n) and not _in_store(n)),
    Call("shipFulfillmentOrder", "ShipFulfillmentOrderInput", Scope.WORK, (A.SHIP,), Which.ALL,
         guard=lambda n: _no_hold(n) and _no_request(n) and _confirmed(n),
         given=lambda _: {"carrier": "DHL", "parcels": [{"trackingNumber": uuid4().hex}]}),
    Call("rejectFulfillmentOrder", "RejectFulfillmentOrderInput", Scope.WORK, (A.REJECT,),
         Which.FITTING, SOURCED, guard=lambda _: True, others=True,
         ways=4, given=lambda n: {"reason": n.one(*FAILURES)}),
    Call("reportPick", "ReportPickInput", Scope.WORK, (A.CONFIRM_PICK, A.SHORT_PICK),
         Which.FITTING, SOURCED, others=True, ways=3, given=lambda n: {"lines": _lines(n, 0)},
         marks=_KEPT),
    Call("acceptCancelRequest", "AnswerCancelInput", Scope.WORK, (A.ACCEPT_CANCEL,), Which.FITTING,
         guard=lambda n: not _no_request(n)),
    Call("refuseCancelRequest", "AnswerCancelInput", Scope.WORK),
    Call("receivePickupTransfer", "ReceivePickupTransferInput", Scope.WORK,
         (A.RECEIVE_TRANSFER, A.MISS_TRANSFER), Which.FITTING, SOURCED, others=True,
         ways=4, given=lambda n: n.one({}, {"lines": _lines(n, 0)}), marks=_KEPT),
    Call("createWave", "CreateWaveInput", Scope.NOTHING, given=_here),
    Call("startWave", "StartWaveInput", Scope.WAVE, then=frozenset({A.START_PICKING}),
         others=True),
    Call("removeFromWave", "RemoveFromWaveInput", Scope.WAVE, given=_in_wave),
    Call("cancelWave", "CancelWaveInput", Scope.WAVE),
    Call("deliverShipment", "DeliverShipmentInput", Scope.SHIPMENT, (A.DELIVER,), Which.FITTING),
    Call("recordTrackingEvent", "RecordTrackingEventInput", Scope.PARCEL,
         (A.MARK_IN_TRANSIT, A.DELIVER, A.LOSE, A.DAMAGE, A.REFUSE_DELIVERY, A.RETURN_TO_ORIGIN),
         ways=7, given=lambda n: {"externalId": f"e{n.pick}", "occurredAt": "2026-01-01T10:00:00Z",
                          "status": n.one("IN_TRANSIT", "DELIVERED", "LOST", "DAMAGED", "REFUSED",
                                          "DELAYED", "RETURNED_TO_ORIGIN")}),
    Call("receiveReturnedParcel", "ReceiveReturnedParcelInput", Scope.PARCEL,
         (A.RETURN_TO_ORIGIN,)),
    Call("receiveUndeliveredParcel", "ReceiveUndeliveredParcelInput", Scope.PARCEL,
         (A.RETURN_TO_ORIGIN, A.RECEIVE_RETURN), given=_here),
    _order("requestReturn", "RequestReturnInput", A.REQUEST_RETURN, which=Which.FITTING,
           then=frozenset({A.AUTHORISE_RETURN}), ways=2, given=_asked_back),
    _return("authoriseReturn", A.AUTHORISE_RETURN, guard=lambda _: True),
    _return("rejectReturn", A.CANCEL_RETURN, guard=lambda _: True),
    _return("cancelReturn", A.CANCEL_RETURN, guard=lambda _: True),
    Call("sendReturn", "SendReturnInput", Scope.RETURN, (A.SEND_RETURN,), Which.FITTING,
         guard=lambda _: True),
    Call("receiveReturn", "ReceiveReturnInput", Scope.RETURN, (A.RECEIVE_RETURN,), Which.FITTING,
         given=_here),
    Call("inspectReturn", "InspectReturnInput", Scope.RETURN,
         (A.RESTOCK, A.QUARANTINE, A.WRITE_OFF, A.SEND_TO_VENDOR, A.TRANSFER_RETURN),
         Which.FITTING, SOURCED, given=_found, others=True, ways=5),
    Call("createLabel", "CreateLabelInput", Scope.WORK,
         given=lambda _: {"carrier": "GLS", "service": "STANDARD", "weightG": 500}),
    Call("editLabel", "EditLabelInput", Scope.LABEL, given=lambda _: {"address": ADDRESS}),
    Call("voidLabel", "VoidLabelInput", Scope.LABEL),
    _stock("receiveStock", lambda n: _here(n) | {"lines": _some_stock(n), "reference": "PO"}),
    _stock("adjustStock", lambda n: _here(n) | {
        "sku": SKUS[n.way % 2], "reason": "CORRECTION", "change": {"delta": n.way % 5 - 2}}),
    _stock("setSafetyStock", lambda n: _here(n) | {"sku": "HAT", "safetyStock": n.way % 3}),
    _stock("reserveStock", lambda n: {"lines": [_some_stock(n)[0] | _here(n)]}),
    Call("releaseReservation", "ReleaseReservationInput", Scope.RESERVATION, then=SOURCED,
         others=True),
    _stock("applyStockSnapshot", lambda n: _here(n) | {
        "takenAt": "2026-01-01T10:00:00Z", "lines": [{"sku": "HAT", "onHand": n.way % 9}]}),
    _stock("createTransfer", lambda n: {
        "sourceId": _place(n.pick), "destinationId": _place(n.pick + n.way),
        "lines": _some_stock(n)}),
    _transfer("shipTransfer"),
    _transfer("receiveTransfer", "ReceiveTransferInput",
              lambda n: n.one({}, {"counted": _some_stock(n)}), fills=True),
    _transfer("cancelTransfer", fills=True),
    _stock("openCount", _here),
    Call("recordCount", "RecordCountInput", Scope.COUNT,
         given=lambda n: {"lines": [{"sku": SKUS[n.pick % 2], "counted": n.way % 12}]}),
    Call("approveCount", "ChangeCountInput", Scope.COUNT),
    Call("postCount", "ChangeCountInput", Scope.COUNT, then=SOURCED, others=True),
    Call("cancelCount", "ChangeCountInput", Scope.COUNT),
    _stock("createPurchaseOrder", lambda n: {
        "supplierId": _supplier(n), "locationId": _place(n.pick), "eta": "2030-01-01T10:00:00Z",
        "lines": _some_stock(n)}),
    Call("changePurchaseOrder", "ChangePurchaseOrderInput", Scope.PURCHASE, others=True,
         given=lambda _: {"eta": "2030-02-01T10:00:00Z"}),
    Call("receivePurchaseOrder", "ReceivePurchaseOrderInput", Scope.PURCHASE, then=SOURCED,
         others=True),
    _stock("loadSupplierFeed", lambda n: {"supplierId": _supplier(n), "rows": [
        {"reference": f"F{n.way}", "locationId": _place(n.pick), "eta": "2030-01-01T10:00:00Z"}
        | _some_stock(n)[0]]}),
    Call("cancelPurchaseOrder", "CancelPurchaseOrderInput", Scope.PURCHASE, others=True),
)  # fmt: skip

_NO_ORDERS = "it changes no order, no stock and nothing on the way"
EXEMPT: Mapping[str, str] = {
    "placeOrders": "it is placeOrder for each; tests/resolvers/test_many_orders.py",
    "returnWithoutReceipt": "no order has to do with it; tests/scenarios/test_no_receipt.py",
    "receiveReturnBag": "it is requestReturn and receiveReturn; tests/scenarios/test_returns.py",
    "exchangeReturn": "it places an order and puts value aside; tests/scenarios/test_exchanges.py",
    **dict.fromkeys(
        ("confirmPaymentReceived", "reportPaymentBounced"),
        "the walk pays by card; tests/scenarios/test_tenders.py",
    ),
    **dict.fromkeys(
        ("enrollDevice", "revokeDevice", "revokeSession", "createLocation", "updateLocation",
         "assignChannelLocations", "createChannel", "updateChannel", "createProduct",
         "updateProduct", "setVariantSellable", "setKitComponents", "setPrice", "setTaxRate",
         "setExchangeRate", "createPromotion", "updatePromotion", "activatePromotion",
         "endPromotion", "addCoupons", "setCustomerSegments",
         "createCustomer", "updateCustomer", "addCustomerAddress", "removeCustomerAddress",
         "recordConsent", "addCustomerNote", "setStockBin", "recordSupplierInvoice",
         "setCarrierRates", "createPickList",
         "resolveFulfillmentException", "createRuleSet", "saveRuleSetDraft", "scheduleRuleSet",
         "activateRuleSet", "rollbackRuleSet", "retireRuleSet", "simulateRuleSet",
         "cancelSourcingSimulation", "issueGiftCard", "adjustVoucher", "cancelGiftCard",
         "grantStoreCredit", "setCreditLimit", "recordAccountPayment",
         "closeDay", "setAccountNumber", "setLegalEntity",
         "setNotificationPreferences", "resendNotification", "createWebhookEndpoint",
         "setReturnPolicy", "setDispositionRules", "updateWebhookEndpoint",
         "rotateWebhookSecret", "disableWebhookEndpoint"),
        _NO_ORDERS,
    ),
}  # fmt: skip
"""Mutations that are not called by the walk, and why."""
