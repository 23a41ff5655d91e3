"""What the outside may ask of prices, taxes and exchange rates."""

from datetime import date, datetime
from decimal import Decimal

import strawberry

from domain.catalog.exchange import SetExchangeRate
from domain.catalog.model import TaxCategory
from domain.catalog.prices import SetPrice
from domain.catalog.taxes import SetTaxRate
from domain.common.ids import ChannelCode, Sku
from schema.catalog.inputs import FROM, TO
from schema.inputs import KEY, utc_moment
from schema.money import MoneyInput


@strawberry.input(
    description="What one unit costs on a channel. The open price of the channel, currency and "
    "segment ends where this one starts, and goes on where it ends."
)
class SetPriceInput:
    idempotency_key: str = strawberry.field(description=KEY)
    sku: str = strawberry.field(description="SKU of the variant.")
    channel: str = strawberry.field(description="Code of the channel.")
    amount: MoneyInput = strawberry.field(description="Price of one unit.")
    valid_from: datetime | None = strawberry.field(default=None, description=FROM)
    valid_to: datetime | None = strawberry.field(default=None, description=TO)
    expected_version: int | None = strawberry.field(
        default=None, description="Refuse unless this is the present version of the product."
    )

    segment: str | None = strawberry.field(
        default=None,
        description="Only for customers of this segment: small letters, digits, `_` and `-`.",
    )

    def to_domain(self) -> SetPrice:
        """The command.

        Raises:
            ValidationFailed: the amount or a moment is malformed.
        """
        return SetPrice(
            idempotency_key=self.idempotency_key,
            sku=Sku(self.sku),
            channel=ChannelCode(self.channel),
            amount=self.amount.to_domain(),
            valid_from=utc_moment("validFrom", self.valid_from),
            valid_to=utc_moment("validTo", self.valid_to),
            expected_version=self.expected_version,
            segment=self.segment,
        )


@strawberry.input(
    description="The tax on goods of a category in a country. The open rate ends where this one "
    "starts, and goes on where it ends."
)
class SetTaxRateInput:
    idempotency_key: str = strawberry.field(description=KEY)
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code, such as IT.")
    tax_category: str = strawberry.field(description="Category of goods, such as standard.")
    rate: Decimal = strawberry.field(
        description="The rate as a fraction, 0 to 0.9999 with at most 4 decimals: 0.22 is 22 %."
    )
    valid_from: datetime | None = strawberry.field(default=None, description=FROM)
    valid_to: datetime | None = strawberry.field(default=None, description=TO)
    expected_version: int | None = strawberry.field(
        default=None,
        description="Refuse unless this is the present version of the country's rates for the "
        "category; 0 when there are none.",
    )

    region: str | None = strawberry.field(
        default=None,
        description="Only in this region or province of the country, as addresses name it; "
        "capitals do not count.",
    )

    def to_domain(self) -> SetTaxRate:
        """The command.

        Raises:
            ValidationFailed: a moment is malformed.
        """
        return SetTaxRate(
            idempotency_key=self.idempotency_key,
            country=self.country,
            tax_category=TaxCategory(self.tax_category),
            rate=self.rate,
            valid_from=utc_moment("validFrom", self.valid_from),
            valid_to=utc_moment("validTo", self.valid_to),
            expected_version=self.expected_version,
            region=self.region or "",
        )


@strawberry.input(description="What a currency is worth in another one from a day on.")
class SetExchangeRateInput:
    idempotency_key: str = strawberry.field(description=KEY)
    base: str = strawberry.field(description="ISO 4217 code of the price list.")
    quote: str = strawberry.field(description="ISO 4217 code of the orders.")
    day: date = strawberry.field(
        description="First day, in the merchant's time zone; not one that is over."
    )
    rate: Decimal = strawberry.field(
        description="Units of `quote` for one `base`, with at most 10 decimals."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="Refuse unless this is the present version of the pair's rates; 0 when there "
        "are none.",
    )

    def to_domain(self) -> SetExchangeRate:
        """The command."""
        return SetExchangeRate(
            idempotency_key=self.idempotency_key,
            base=self.base,
            quote=self.quote,
            day=self.day,
            rate=self.rate,
            expected_version=self.expected_version,
        )
