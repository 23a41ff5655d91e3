"""Promotions made through the API, and what carts and orders of a stage cost with them."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from domain.identity.model import Actor
from tests.support.shop import ADMIN, WEB_SHOP
from tests.support.stage import Stage

PROMOTION = "promotion { id name status version couponCount validFrom validUntil }"
MONEY = "{ amount currency }"
PRICE = f"""total {MONEY} discount {MONEY} tax {MONEY} itemsTotal {MONEY} shipping {MONEY}
  taxIncluded taxLines {{ rate net {MONEY} tax {MONEY} }}
  discounts {{ promotionId couponCode position amount {MONEY} labels {{ language text }} }}
  exchangeRate {{ base quote rate day }}"""
TENTH = {"reward": {"kind": "PERCENTAGE", "rate": "0.1"}}
THREE_FOR_TWO = {"reward": {"kind": "N_FOR_M", "buy": 3, "pay": 2}}


async def change(
    stage: Stage, name: str, kind: str, actor: Actor = ADMIN, /, **given: Any
) -> dict[str, Any]:
    """What a mutation of promotions answers."""
    selection = f"""... on PromotionPayload {{ {PROMOTION} }} ... on ValidationError {{ field }}
      ... on CouponCodeTakenError {{ couponCode }}"""
    return await stage.do(actor, name, kind, selection, **given)


async def create(
    stage: Stage, rules: Mapping[str, Any], actor: Actor = ADMIN, /, **given: Any
) -> dict[str, Any]:
    """What createPromotion answers."""
    wanted = {
        "name": f"P-{uuid4().hex[:8]}",
        "labels": [{"language": "en", "text": "Offer"}, {"language": "it", "text": "Offerta"}],
        "rules": rules,
        **given,
    }
    return await change(stage, "createPromotion", "CreatePromotionInput", actor, **wanted)


async def promote(stage: Stage, rules: Mapping[str, Any], *codes: str, **given: Any) -> str:
    """The id of a promotion that counts from now on, with these coupons."""
    limits = {name: given.pop(name) for name in ("maxUses", "maxUsesPerCustomer") if name in given}
    answer = await create(stage, {**rules, "needsCoupon": bool(codes)}, **given)
    key = answer["promotion"]["id"]
    if codes:
        added = {"promotionId": key, "codes": list(codes), **limits}
        answer = await change(stage, "addCoupons", "AddCouponsInput", **added)
        assert answer["__typename"] == "PromotionPayload", answer
    answer = await change(stage, "activatePromotion", "ChangePromotionInput", promotionId=key)
    assert answer["promotion"]["status"] == "ACTIVE"
    return key


async def price(stage: Stage, actor: Actor = WEB_SHOP, /, **given: Any) -> Any:
    """What priceCart says of a cart: one HAT for Italy on WEB, changed as told."""
    lines = given.pop("lines", {"HAT": 1})
    if isinstance(lines, dict):
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    document = f"""query($cart: PriceCartInput!) {{ priceCart(input: $cart) {{ {PRICE}
      lines {{ sku discount {MONEY} tax {MONEY} unitPrice {MONEY} }}
      promotions {{ promotionId reason amount {MONEY} }} refusedCoupons {{ code reason }} }} }}"""
    cart = {"channel": "WEB", "country": "IT", "lines": lines, **given}
    return await stage.api.do(actor, document, cart=cart)
