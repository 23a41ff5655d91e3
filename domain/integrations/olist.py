"""What rows of the Olist data mean here. Pure.

Sellers are locations of kind MARKETPLACE, where the coordinates of their postal code say. Products
are called after their category, since the data have no names. Prices include tax; the data do not
tell how much, so the rate of Brazil is 0 here. Customers are known by their reference alone.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from domain.catalog.bulk import ProductDraft
from domain.catalog.channels import CreateChannel
from domain.catalog.drafts import NewVariant
from domain.catalog.model import ChannelKind, ProductCode, TaxCategory
from domain.catalog.taxes import SetTaxRate
from domain.common.ids import ChannelCode, CustomerId, LocationId, Sku, new_id
from domain.common.money import Money
from domain.customers.model import Customer, GivenCustomer, Reference
from domain.integrations.model import HistoricOrder, HistoricState
from domain.integrations.places import Area
from domain.integrations.rows import (
    TIME_ZONE,
    CustomerRow,
    OlistStatus,
    OrderItemRow,
    OrderRow,
    ProductRow,
    SellerRow,
)
from domain.locations.model import Location, LocationCode, LocationKind
from domain.orders.commands import Delivery, GivenPayment, OrderedLine, PlaceOrder
from domain.orders.model import Address
from domain.orders.states import DeliveryMode
from domain.payments.model import Tender

SOURCE = "olist"
CHANNEL = ChannelCode("olist")
CURRENCY, COUNTRY, LANGUAGE = "BRL", "BR", "pt"
CARRIER = "OLIST"
"""The data do not name the carriers."""

TAXED_SINCE = datetime(2010, 1, 1, tzinfo=UTC)
NO_CATEGORY = "sem_categoria"

_STATES = {
    OlistStatus.CREATED: HistoricState.HELD,
    OlistStatus.APPROVED: HistoricState.CONFIRMED,
    OlistStatus.INVOICED: HistoricState.RELEASED,
    OlistStatus.PROCESSING: HistoricState.PICKING,
    OlistStatus.SHIPPED: HistoricState.SHIPPED,
    OlistStatus.DELIVERED: HistoricState.DELIVERED,
    OlistStatus.CANCELED: HistoricState.CANCELLED,
    OlistStatus.UNAVAILABLE: HistoricState.CANCELLED,
}


def channel_command() -> CreateChannel:
    """The command that opens the marketplace as a channel."""
    return CreateChannel(
        idempotency_key=f"import-channel-{CHANNEL}",
        code=CHANNEL,
        kind=ChannelKind.MARKETPLACE,
        name="Olist",
        currency=CURRENCY,
        prices_include_tax=True,
    )


def tax_command() -> SetTaxRate:
    """The command that sets the rate under which the orders are loaded, for all times."""
    return SetTaxRate(
        idempotency_key=f"import-tax-{COUNTRY}",
        country=COUNTRY,
        tax_category=TaxCategory("standard"),
        rate=Decimal(0),
        valid_from=TAXED_SINCE,
        expected_version=0,
    )


def seller_code(seller_id: str) -> LocationCode:
    """The code of a seller's location."""
    return LocationCode(f"{SOURCE}-{seller_id}")


def product_sku(product_id: str) -> Sku:
    """The SKU of a product, which has one variant."""
    return Sku(f"{SOURCE}-{product_id}")


def seller_location(row: SellerRow, area: Area) -> Location:
    """The seller as a location that ships all day, version 1."""
    return Location(
        id=LocationId(new_id()),
        code=seller_code(row.seller_id),
        name=f"Olist seller {row.seller_id[:8]}",
        kind=LocationKind.MARKETPLACE,
        street="",
        city=area.city.title(),
        region=row.seller_state,
        postal_code=row.seller_zip_code_prefix,
        country=COUNTRY,
        latitude=area.latitude,
        longitude=area.longitude,
        time_zone=TIME_ZONE,
        opening_hours=(),
        cut_off=None,
        daily_capacity=None,
        priority=100,
        trust=Decimal(1),
        can_ship=True,
        can_pickup=False,
        can_receive_returns=False,
        active=True,
        version=1,
        channels=(CHANNEL,),
    )


def product_draft(row: ProductRow) -> ProductDraft:
    """The product with its one variant; a missing weight is 0 grams."""
    category = row.product_category_name or NO_CATEGORY
    sku = product_sku(row.product_id)
    variant = NewVariant(sku=sku, weight_g=row.product_weight_g or 0, sellable_on=(CHANNEL,))
    name = f"{category.replace('_', ' ').capitalize()} {row.product_id[:8]}"
    return ProductDraft(
        code=ProductCode(sku), names={LANGUAGE: name}, variants=(variant,), category=category
    )


def customer_of(unique_id: str, now: datetime) -> Customer:
    """The person behind a `customer_unique_id`: no name, no address, only the reference."""
    return Customer(
        id=CustomerId(new_id()),
        email=None,
        phone=None,
        first_name="",
        last_name="",
        language=LANGUAGE,
        preferred_location_id=None,
        first_channel=CHANNEL,
        created_at=now,
        version=1,
        references=(Reference(SOURCE, unique_id),),
    )


def historic_order(
    row: OrderRow, customer: CustomerRow, area: Area | None, items: Sequence[OrderItemRow]
) -> HistoricOrder:
    """The order with one line for each product, seller and price among its items, in their order.

    A cancelled order counts as paid when the data tell of an approval. Its freight is the shipping
    fee. `area` gives the coordinates of the customer's postal code, if they are known.
    """
    lines: dict[tuple[str, str, Decimal], int] = {}
    for item in sorted(items, key=lambda each: each.order_item_id):
        key = (item.product_id, item.seller_id, item.price)
        lines[key] = lines.get(key, 0) + 1
    freight = sum((item.freight_value for item in items), Decimal(0))
    command = PlaceOrder(
        idempotency_key=f"import-{SOURCE}-{row.order_id}",
        channel=CHANNEL,
        customer=GivenCustomer(source=SOURCE, reference=customer.customer_unique_id),
        lines=tuple(
            OrderedLine(product_sku(product), quantity, Money.from_decimal(price, CURRENCY))
            for (product, _, price), quantity in lines.items()
        ),
        delivery=Delivery(DeliveryMode.SHIP, _address(customer, area)),
        payment=GivenPayment(Tender.EXTERNAL),
        language=LANGUAGE,
        shipping=Money.from_decimal(freight, CURRENCY),
        external_reference=row.order_id,
    )
    state = _STATES[row.order_status]
    return HistoricOrder(
        command=command,
        sellers=tuple(seller_code(seller) for _, seller, _ in lines),
        state=state,
        placed_at=row.order_purchase_timestamp,
        approved_at=row.order_approved_at,
        shipped_at=row.order_delivered_carrier_date,
        delivered_at=row.order_delivered_customer_date,
        reason=row.order_status.value if state is HistoricState.CANCELLED else None,
    )


def _address(customer: CustomerRow, area: Area | None) -> Address:
    """As much as the data tell; recipient and street are not among it."""
    return Address(
        recipient=f"Olist customer {customer.customer_unique_id[:8]}",
        street=f"CEP {customer.customer_zip_code_prefix}",
        city=customer.customer_city.title(),
        region=customer.customer_state,
        postal_code=customer.customer_zip_code_prefix,
        country=COUNTRY,
        latitude=area.latitude if area else None,
        longitude=area.longitude if area else None,
    )


def total(items: Sequence[OrderItemRow]) -> Decimal:
    """What an order costs: its items and their freight."""
    return sum((item.price + item.freight_value for item in items), Decimal(0))
