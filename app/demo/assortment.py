"""The demo assortment: 500 variants in 120 products, ten of them kits, with prices per channel."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from app.demo.barcodes import in_store_ean13
from app.demo.wares import COLLECTIONS, COLOURS, FASHION, HOME, KITS, Colour, KitPlan, Ware
from domain.catalog.bulk import ProductDraft
from domain.catalog.drafts import NewPrice, NewVariant
from domain.catalog.model import Component, ProductCode
from domain.common.ids import ChannelCode, Sku
from domain.common.money import Money

SELLING_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
CHANNELS = tuple(
    ChannelCode(code) for code in ("call-center", "marketplace", "pos", "social", "web")
)
MARKETPLACE = ChannelCode("marketplace")
HOME_COLLECTIONS = COLLECTIONS[:2]
FASHION_COLOURS = 2
WIDE_RANGE = 15
"""Home wares that come in three colours; the others come in two."""

KIT_DISCOUNT = Decimal("0.85")
MARKETPLACE_MARKUP = Decimal("1.08")
FRANCS_PER_EURO = Decimal("1.10")


def demo_assortment(random: Random) -> list[ProductDraft]:
    """All products, kits last. Equal states of `random` give equal products."""
    number = _counter()
    fashion = [
        _product("F", ware, name, random.sample(COLOURS, FASHION_COLOURS), random, number)
        for ware in FASHION
        for name in COLLECTIONS
    ]
    # Every home ware comes in the same first colours, so that kits can be all of one colour.
    home = [
        _product("H", ware, name, COLOURS[: 3 if place < WIDE_RANGE else 2], random, number)
        for place, ware in enumerate(HOME)
        for name in HOME_COLLECTIONS
    ]
    kits = [_kit(plan, name, number) for plan in KITS for name in HOME_COLLECTIONS]
    return [*fashion, *home, *kits]


def _counter() -> Callable[[], int]:
    numbers = iter(range(1, 10_000))
    return lambda: next(numbers)


def _product(
    kind: str,
    ware: Ware,
    collection: str,
    colours: Sequence[Colour],
    random: Random,
    number: Callable[[], int],
) -> ProductDraft:
    code = f"{kind}-{ware.code}-{collection[0]}"
    tags = _tags(ware, random)
    euros = _charming(ware.price_minor * random.randint(92, 112) // 100)
    variants = [
        NewVariant(
            sku=Sku("-".join(part for part in (code, colour.code, _short(size)) if part)),
            weight_g=ware.weight_g + 15 * place,
            barcode=in_store_ean13(number()),
            names=_names(ware, collection, colour, size),
            tags=tags,
            sellable_on=CHANNELS,
            prices=_prices(euros),
        )
        for colour in colours
        for place, size in enumerate(ware.sizes)
    ]
    return ProductDraft(
        code=ProductCode(code),
        names=_names(ware, collection),
        variants=tuple(variants),
        category="fashion" if kind == "F" else "home",
    )


def _tags(ware: Ware, random: Random) -> tuple[str, ...]:
    drawn = random.random()
    tags = ["fragile"] if ware.fragile else []
    if drawn < 0.15:
        tags.append("end_of_season")
    elif drawn < 0.25:
        tags.append("hot")
    elif drawn < 0.40:
        tags.append("new")
    return tuple(sorted(tags))


def _short(size: str) -> str:
    return size.replace("/", "")


def _names(
    ware: Ware | KitPlan, collection: str, colour: Colour | None = None, size: str = ""
) -> dict[str, str]:
    def name(noun: str, shade: str) -> str:
        return ", ".join(part for part in (f"{noun} {collection}", shade, size) if part)

    return {
        "en": name(ware.en, colour.en if colour else ""),
        "es": name(ware.es, colour.es if colour else ""),
        "it": name(ware.it, colour.it if colour else ""),
    }


def _charming(minor: int) -> int:
    """The nearest price that ends in 90 cents, at least 0.90."""
    return max(90, (minor + 60) // 100 * 100 - 10)


def _prices(euros: int) -> tuple[NewPrice, ...]:
    """The same price everywhere, but for the marketplace's fee; francs for the web shop."""
    dearer = _charming(int(euros * MARKETPLACE_MARKUP))
    amounts = [
        (channel, Money(dearer if channel == MARKETPLACE else euros, "EUR")) for channel in CHANNELS
    ]
    amounts.append((ChannelCode("web"), Money(_charming(int(euros * FRANCS_PER_EURO)), "CHF")))
    return tuple(NewPrice(channel, amount, SELLING_SINCE) for channel, amount in amounts)


def _kit(plan: KitPlan, collection: str, number: Callable[[], int]) -> ProductDraft:
    colour = COLOURS[0]
    sku = Sku(f"K-{plan.code}-{collection[0]}-{colour.code}")
    wares = {ware.code: ware for ware in HOME}
    parts = [(wares[code], units) for code, units in plan.parts]
    whole = sum(ware.price_minor * units for ware, units in parts)
    variant = NewVariant(
        sku=sku,
        weight_g=sum(ware.weight_g * units for ware, units in parts),
        barcode=in_store_ean13(number()),
        names=_names(plan, collection, colour),
        tags=("kit",),
        sellable_on=CHANNELS,
        prices=_prices(_charming(int(whole * KIT_DISCOUNT))),
    )
    components = _components(parts, collection, colour)
    return ProductDraft(
        code=ProductCode(f"K-{plan.code}-{collection[0]}"),
        names=_names(plan, collection),
        variants=(variant,),
        category="kits",
        kits={sku: components},
    )


def _components(
    parts: Iterable[tuple[Ware, int]], collection: str, colour: Colour
) -> tuple[Component, ...]:
    return tuple(
        Component(Sku(f"H-{ware.code}-{collection[0]}-{colour.code}"), units)
        for ware, units in parts
    )
