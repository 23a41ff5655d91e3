"""The GraphQL documents that a replay sends."""

_ERROR = "... on Error { code message }"


def _mutation(name: str, input_type: str, payload: str, fields: str) -> str:
    return (
        f"mutation($input: {input_type}!) {{ {name}(input: $input) {{ __typename"
        f" ... on {payload} {{ {fields} }} {_ERROR} }} }}"
    )


PLACE = _mutation(
    "placeOrder",
    "PlaceOrderInput",
    "PlaceOrderPayload",
    "order { id number customerId total { amount currency } fulfillmentOrders { id } }",
)
_ORDER = "order { id status }"
HOLD = _mutation("holdOrder", "OrderHoldInput", "ChangeOrderPayload", _ORDER)
RELEASE = _mutation("releaseOrder", "ChangeOrderInput", "ChangeOrderPayload", _ORDER)
CANCEL = _mutation("cancelOrder", "ChangeOrderInput", "ChangeOrderPayload", _ORDER)
_WORK = "fulfillmentOrder { id status }"
START = _mutation("startPicking", "FulfillmentOrderInput", "FulfillmentOrderPayload", _WORK)
PICKED = _mutation("confirmPick", "FulfillmentOrderInput", "FulfillmentOrderPayload", _WORK)
PACK = _mutation("packFulfillmentOrder", "FulfillmentOrderInput", "FulfillmentOrderPayload", _WORK)
SHIP = _mutation(
    "shipFulfillmentOrder",
    "ShipFulfillmentOrderInput",
    "ShipFulfillmentOrderPayload",
    "shipment { id status }",
)
DELIVER = _mutation(
    "deliverShipment", "DeliverShipmentInput", "DeliverShipmentPayload", "shipment { id status }"
)

_ORDERS = "number version action status fulfillmentStatus paymentStatus"
_SHIPMENTS = "shipmentId version status parcels { trackingNumber }"

WATCH_STOCK = """subscription($locations: [ID!]!, $after: String) {
  stockChanged(locationIds: $locations, after: $after) {
    kind cursor complete
    levels { sku locationId onHand allocated reserved available version } } }"""
WATCH_CUSTOMER = f"""subscription($customer: ID!, $after: String) {{
  customerActivity(customerId: $customer, after: $after) {{
    kind cursor complete orders {{ {_ORDERS} }} shipments {{ {_SHIPMENTS} }} }} }}"""
WATCH_ORDER = f"""subscription($order: ID!, $after: String) {{
  orderChanged(orderId: $order, after: $after) {{
    kind cursor complete changes {{ {_ORDERS} }} shipments {{ {_SHIPMENTS} }} }} }}"""
