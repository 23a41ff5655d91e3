"""The GraphQL documents of a simulation."""

ERROR = "... on Error { code message }"


def mutation(name: str, kind: str, payload: str, fields: str) -> str:
    """A document with one mutation and its `$input`."""
    return (
        f"mutation($input: {kind}!) {{ {name}(input: $input) {{ __typename"
        f" ... on {payload} {{ {fields} }} {ERROR} }} }}"
    )


_ORDER = """order { id number customerId version status deliveryMode deliveryLocationId
  lines { id sku orderedQuantity groups { quantity state locationId } }
  fulfillmentOrders { id status locationId } }"""
_LINES = "lines { id sku groups { quantity state } }"
_WORK = f"fulfillmentOrder {{ id status }} order {{ id status {_LINES} }}"


def plain(name: str, fields: str = "__typename") -> str:
    """The document of a mutation whose input and payload are named after it."""
    kind = name[0].upper() + name[1:]
    return mutation(name, f"{kind}Input", f"{kind}Payload", fields)


_UNPAID = "... on PaymentDeclinedError { orderId } ... on PaymentOutcomeUnknownError { orderId }"
_TRANSFER = "transfer { id lines { sku quantity } }"

MUTATIONS = {
    "createChannel": plain("createChannel"),
    "createLocation": plain("createLocation", "location { id code }"),
    "assignChannelLocations": plain("assignChannelLocations"),
    "createProduct": plain("createProduct"),
    "setTaxRate": plain("setTaxRate"),
    "receiveStock": plain("receiveStock"),
    "placeOrder": plain("placeOrder", _ORDER).replace(ERROR, f"{_UNPAID} {ERROR}"),
    "payOrder": plain("payOrder", _ORDER),
    "shipFulfillmentOrder": plain("shipFulfillmentOrder", "shipment { id }"),
    "recordTrackingEvent": plain("recordTrackingEvent"),
    "receiveReturnedParcel": plain("receiveReturnedParcel"),
    "applyStockSnapshot": plain("applyStockSnapshot"),
    **{
        name: mutation(name, kind, "ChangeOrderPayload", _ORDER)
        for name, kind in (
            ("releaseOrder", "ChangeOrderInput"),
            ("cancelOrder", "ChangeOrderInput"),
            ("requestCancel", "ChangeOrderInput"),
            ("cancelOrderLines", "CancelOrderLinesInput"),
            ("editOrderAddress", "EditOrderAddressInput"),
            ("holdOrder", "OrderHoldInput"),
            ("releaseHold", "OrderHoldInput"),
            ("resolveFailedDelivery", "ResolveFailedDeliveryInput"),
            ("choosePickupAlternative", "ChoosePickupAlternativeInput"),
            ("namePickupProxy", "NamePickupProxyInput"),
            ("extendPickup", "ExtendPickupInput"),
            ("collectPickup", "CollectPickupInput"),
        )
    },
    **{
        name: mutation(name, kind, "FulfillmentOrderPayload", _WORK)
        for name, kind in (
            ("acceptFulfillmentOrder", "FulfillmentOrderInput"),
            ("rejectFulfillmentOrder", "RejectFulfillmentOrderInput"),
            ("startPicking", "FulfillmentOrderInput"),
            ("confirmPick", "FulfillmentOrderInput"),
            ("reportPick", "ReportPickInput"),
            ("packFulfillmentOrder", "FulfillmentOrderInput"),
            ("markReadyForPickup", "FulfillmentOrderInput"),
            ("dispatchPickupTransfer", "FulfillmentOrderInput"),
            ("receivePickupTransfer", "ReceivePickupTransferInput"),
            ("acceptCancelRequest", "AnswerCancelInput"),
            ("refuseCancelRequest", "AnswerCancelInput"),
        )
    },
    **{
        name: mutation(name, kind, "TransferPayload", _TRANSFER)
        for name, kind in (
            ("createTransfer", "CreateTransferInput"),
            ("shipTransfer", "ChangeTransferInput"),
            ("receiveTransfer", "ReceiveTransferInput"),
        )
    },
    **{
        name: mutation(name, kind, "StockCountPayload", "count { id }")
        for name, kind in (
            ("openCount", "OpenCountInput"),
            ("recordCount", "RecordCountInput"),
            ("approveCount", "ChangeCountInput"),
            ("postCount", "ChangeCountInput"),
        )
    },
}
"""All mutations that people of a simulation call, by name."""

QUEUE = """query($location: ID!) { workQueue(locationId: $location, first: 100) {
  id orderId status deliveryMode acceptedAt cancelRequested
  lines { orderLineId sku quantity state } } }"""
CODE = "query($id: ID!) { order(id: $id) { pickupCode status } }"
OPEN_ORDERS = f"""query($after: String) {{
  orders(status: CONFIRMED, first: 100, after: $after) {{
    pageInfo {{ endCursor hasNextPage }} edges {{ node {{ id {_LINES} }} }} }} }}"""
LEVELS = """query($location: ID!, $skus: [String!]) {
  stockLevels(locationId: $location, skus: $skus, first: 100) {
    edges { node { sku onHand available } } } }"""
