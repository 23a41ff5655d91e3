"""News of the catalogue. Nobody watches it live yet, so that its events have no topic."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from domain.catalog.model import Channel, ExchangeRate, Price, Product, TaxRate, Variant
from domain.common.ids import ChannelCode
from domain.events.model import Aggregate, Event

CHANNEL_CREATED = "ChannelCreated"
CHANNEL_CHANGED = "ChannelChanged"
PRODUCT_CREATED = "ProductCreated"
PRODUCT_CHANGED = "ProductChanged"
TAX_RATE_CHANGED = "TaxRateChanged"
EXCHANGE_RATE_CHANGED = "ExchangeRateChanged"

# Channels and rates are named by codes; the log wants a UUID. These are their name spaces.
_CHANNELS = UUID("0192f0c4-6c1e-7b7e-9d6e-5f1f5b1c0a01")
_TAX_RATES = UUID("0192f0c4-6c1e-7b7e-9d6e-5f1f5b1c0a02")
_EXCHANGE_RATES = UUID("0192f0c4-6c1e-7b7e-9d6e-5f1f5b1c0a03")


def channel_id(code: ChannelCode) -> UUID:
    """The id under which the channel's events are logged."""
    return uuid5(_CHANNELS, code)


def tax_rate_id(country: str, tax_category: str, region: str = "") -> UUID:
    """The id under which events of the rates of a country or region for a category are logged."""
    place = f"{country}-{region}" if region else country
    return uuid5(_TAX_RATES, f"{place}/{tax_category}")


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment is not None else None


def channel_payload(channel: Channel) -> dict[str, Any]:
    """The public state of a channel, as JSON values."""
    return {
        "code": channel.code,
        "version": channel.version,
        "kind": channel.kind.value,
        "name": channel.name,
        "currency": channel.currency,
        "prices_include_tax": channel.prices_include_tax,
        "active": channel.active,
        "edit_window_minutes": channel.edit_window_minutes,
        "converts_prices": channel.converts_prices,
    }


def product_payload(product: Product) -> dict[str, Any]:
    """The public state of a product without its prices, as JSON values."""
    return {
        "product_id": str(product.id),
        "version": product.version,
        "code": product.code,
        "names": dict(product.names),
        "category": product.category,
        "tax_category": product.tax_category,
        "active": product.active,
        "variants": [_variant_payload(variant) for variant in product.variants],
    }


def _variant_payload(variant: Variant) -> dict[str, Any]:
    return {
        "sku": variant.sku,
        "barcode": variant.barcode,
        "names": dict(variant.names),
        "weight_g": variant.weight_g,
        "tags": list(variant.tags),
        "active": variant.active,
        "sellable_on": list(variant.sellable_on),
        "components": {each.sku: each.quantity for each in variant.components},
    }


def price_payload(price: Price) -> dict[str, Any]:
    """A price as JSON values."""
    return {
        "sku": price.sku,
        "channel": price.channel,
        "currency": price.currency,
        "amount_minor": price.amount_minor,
        "segment": price.segment,
        "valid_from": _iso(price.valid_from),
        "valid_to": _iso(price.valid_to),
    }


def channel_event(kind: str, channel: Channel) -> Event:
    """The event of a channel's change to its present version."""
    return Event(
        type=kind,
        aggregate=Aggregate.CHANNEL,
        aggregate_id=channel_id(channel.code),
        version=channel.version,
        topics=(),
        payload=channel_payload(channel),
    )


def product_event(kind: str, product: Product, part: str, detail: Mapping[str, Any]) -> Event:
    """The event of a product's change to its present version; `part` says what changed."""
    return Event(
        type=kind,
        aggregate=Aggregate.PRODUCT,
        aggregate_id=product.id,
        version=product.version,
        topics=(),
        payload={**product_payload(product), "part": part, **detail},
    )


def tax_rate_event(rate: TaxRate) -> Event:
    """The event of a new rate for a country and category."""
    return Event(
        type=TAX_RATE_CHANGED,
        aggregate=Aggregate.TAX_RATE,
        aggregate_id=tax_rate_id(rate.country, rate.tax_category, rate.region),
        version=rate.version,
        topics=(),
        payload={
            "country": rate.country,
            "region": rate.region,
            "tax_category": rate.tax_category,
            "version": rate.version,
            "rate": str(rate.rate),
            "valid_from": _iso(rate.valid_from),
            "valid_to": _iso(rate.valid_to),
        },
    )


def exchange_rate_event(rate: ExchangeRate) -> Event:
    """The event of a new rate of a pair of currencies."""
    return Event(
        type=EXCHANGE_RATE_CHANGED,
        aggregate=Aggregate.EXCHANGE_RATE,
        aggregate_id=uuid5(_EXCHANGE_RATES, f"{rate.base}/{rate.quote}"),
        version=rate.version,
        topics=(),
        payload={
            "base": rate.base,
            "quote": rate.quote,
            "day": rate.day.isoformat(),
            "version": rate.version,
            "rate": str(rate.rate),
        },
    )
