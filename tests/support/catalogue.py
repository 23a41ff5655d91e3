"""Channels and products made through the API, for tests of the catalogue and what stands on it."""

from typing import Any

from tests.support.actors import ADMIN
from tests.support.graphql import Api
from tests.support.mutations import Mutation

VARIANT = """id sku barcode name names { language text } weightG tags active sellableOn
  components { sku quantity }"""
PRODUCT = f"""id code name names {{ language text }} descriptions {{ language text }} category
  taxCategory active version variants {{ {VARIANT} }}"""
CHANNEL = "code kind name currency pricesIncludeTax editWindowMinutes active version"

CREATE_CHANNEL = Mutation(
    "createChannel",
    f"channel {{ {CHANNEL} }}",
    "... on ChannelCodeTakenError { channelCode }",
)
TAKEN = """... on SkuTakenError { sku } ... on BarcodeTakenError { barcode }
  ... on PriceOverlapError { validFrom validTo }"""
CREATE_PRODUCT = Mutation(
    "createProduct",
    f"product {{ {PRODUCT} }}",
    f"... on ProductCodeTakenError {{ productCode }} {TAKEN}",
)
UPDATE_PRODUCT = Mutation("updateProduct", f"product {{ {PRODUCT} }}", TAKEN)
SET_PRICE = Mutation(
    "setPrice",
    """product { id version variants { sku prices {
      amount { amount currency } channel validFrom validTo } } }""",
    "... on PriceOverlapError { validFrom validTo }",
)
SET_KIT = Mutation("setKitComponents", f"product {{ {PRODUCT} }}", "... on KitNestingError { sku }")
SET_SELLABLE = Mutation("setVariantSellable", f"product {{ {PRODUCT} }}")


def a_channel(code: str = "WEB", **changes: Any) -> dict[str, Any]:
    """Input of createChannel."""
    given = {
        "idempotencyKey": f"channel-{code}",
        "code": code,
        "kind": "WEB",
        "name": f"Shop {code}",
        "currency": "EUR",
    }
    return {**given, **changes}


def a_product(code: str = "P1", *skus: str, **changes: Any) -> dict[str, Any]:
    """Input of createProduct, with plain variants of these SKUs."""
    given: dict[str, Any] = {
        "idempotencyKey": f"product-{code}",
        "code": code,
        "names": [{"language": "en", "text": "Hat"}, {"language": "it", "text": "Cappello"}],
        "variants": [{"sku": sku, "weightG": 100} for sku in skus or (f"{code}-A",)],
    }
    return {**given, **changes}


async def add_channel(api: Api, code: str = "WEB", **changes: Any) -> None:
    """The channel exists."""
    await CREATE_CHANNEL.succeed(api, ADMIN, a_channel(code, **changes))


async def add_product(api: Api, code: str = "P1", *skus: str, **changes: Any) -> Any:
    """The new product."""
    answer = await CREATE_PRODUCT.succeed(api, ADMIN, a_product(code, *skus, **changes))
    return answer["product"]


def eur(amount: str, currency: str = "EUR") -> dict[str, str]:
    """An amount of money as input."""
    return {"amount": amount, "currency": currency}
