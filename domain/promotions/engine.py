"""What promotions take off some units. Pure, and independent of the order of lines.

Units of equal terms (SKU, price, tax rate, promotions that are about them) form one pool, so that a
line that is split changes nothing. Promotions take off one after the other, each of what the ones
before it left. Each rounds once, and shares out by the largest remainder; none takes more than
there is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.common.ids import OrderLineId, Sku
from domain.common.money import rounded, split_by_weight
from domain.promotions.model import AppliedPromotion, Discount, PromotionKind, Reward


@dataclass(frozen=True, slots=True)
class Item:
    """Units of a line at their list price, minor units."""

    line_id: OrderLineId
    sku: Sku
    unit_price_minor: int
    quantity: int
    tax_rate: Decimal


class _Pool:
    """Units of equal terms, and what is left of their price: of all, and of each line."""

    def __init__(self, items: Sequence[Item], about: frozenset[int]) -> None:
        self.items = sorted(items, key=lambda item: (item.quantity, item.line_id))
        self.about = about
        self.sku, self.unit_price = items[0].sku, items[0].unit_price_minor
        self.units = sum(item.quantity for item in items)
        self.rests = [item.quantity * item.unit_price_minor for item in self.items]

    @property
    def rest(self) -> int:
        """What is left of the price of all its units."""
        return sum(self.rests)

    @property
    def list_value(self) -> int:
        """What its units cost before anything is taken off."""
        return self.units * self.unit_price

    def rest_of(self, units: int) -> int:
        """What is left of the price of some of its units."""
        return rounded(Decimal(self.rest * units) / self.units)

    def take(self, amount_minor: int) -> list[tuple[OrderLineId, int]]:
        """What each line gives of the amount, which is not more than the rest."""
        shares = split_by_weight(amount_minor, self.rests)
        self.rests = [rest - share for rest, share in zip(self.rests, shares, strict=True)]
        return [
            (item.line_id, share) for item, share in zip(self.items, shares, strict=True) if share
        ]


def discounts_of(
    items: Sequence[Item], shipping_minor: int, promotions: Sequence[AppliedPromotion]
) -> list[Discount]:
    """What the promotions, in this order, take off the units and the shipping fee.

    A promotion takes off nothing when the units that it is about cost less than its minimum.
    """
    pools = _pools([item for item in items if item.quantity], promotions)
    found: list[Discount] = []
    for number, promotion in enumerate(promotions):
        mine = [pool for pool in pools if number in pool.about]
        value = sum(pool.list_value for pool in mine)
        if not mine or value < promotion.rules.minimum_minor:
            continue
        reward = promotion.rules.reward
        if reward.kind is PromotionKind.FREE_SHIPPING:
            if shipping_minor:
                found.append(Discount(promotion.promotion_id, None, shipping_minor))
            shipping_minor = 0
            continue
        for pool, amount in zip(mine, _TAKING[reward.kind](reward, mine), strict=True):
            found += [
                Discount(promotion.promotion_id, line_id, share)
                for line_id, share in pool.take(amount)
            ]
    return found


def _pools(items: Sequence[Item], promotions: Sequence[AppliedPromotion]) -> list[_Pool]:
    """The dearest first."""
    about: dict[OrderLineId, set[int]] = {}
    for number, promotion in enumerate(promotions):
        for line_id in promotion.line_ids:
            about.setdefault(line_id, set()).add(number)
    equal: dict[tuple[int, Sku, Decimal, tuple[int, ...]], list[Item]] = {}
    for item in items:
        numbers = tuple(sorted(about.get(item.line_id, ())))
        if numbers:
            key = (-item.unit_price_minor, item.sku, item.tax_rate, numbers)
            equal.setdefault(key, []).append(item)
    return [_Pool(equal[key], frozenset(key[3])) for key in sorted(equal)]


def _percentage(reward: Reward, pools: Sequence[_Pool]) -> list[int]:
    rests = [pool.rest for pool in pools]
    return split_by_weight(rounded(Decimal(sum(rests)) * reward.rate), rests)


def _amount(reward: Reward, pools: Sequence[_Pool]) -> list[int]:
    rests = [pool.rest for pool in pools]
    if reward.per_unit:
        return [
            min(reward.amount_minor * pool.units, rest)
            for pool, rest in zip(pools, rests, strict=True)
        ]
    return split_by_weight(min(reward.amount_minor, sum(rests)), rests)


def _n_for_m(reward: Reward, pools: Sequence[_Pool]) -> list[int]:
    """Of each `buy` units in a row, the dearest first, the last ones are free."""
    counted = sum(pool.units for pool in pools) // reward.buy * reward.buy

    def free_before(position: int) -> int:
        whole, part = divmod(min(position, counted), reward.buy)
        return whole * (reward.buy - reward.pay) + max(0, part - reward.pay)

    taken: list[int] = []
    position = 0
    for pool in pools:
        free = free_before(position + pool.units) - free_before(position)
        taken.append(pool.rest_of(free))
        position += pool.units
    return taken


def _bundle_price(reward: Reward, pools: Sequence[_Pool]) -> list[int]:
    """Of a SKU with several prices, the dearest units are in the bundles."""
    units: dict[Sku, int] = {}
    for pool in pools:
        units[pool.sku] = units.get(pool.sku, 0) + pool.units
    sets = min(units.get(part.sku, 0) // part.quantity for part in reward.bundle)
    wanted = {part.sku: part.quantity * sets for part in reward.bundle}
    values: list[int] = []
    for pool in pools:
        inside = min(pool.units, wanted[pool.sku])
        wanted[pool.sku] -= inside
        values.append(pool.rest_of(inside))
    saved = max(0, sum(values) - sets * reward.amount_minor)
    return split_by_weight(saved, values) if saved else [0] * len(pools)


_TAKING: Mapping[PromotionKind, Callable[[Reward, Sequence[_Pool]], list[int]]] = {
    PromotionKind.PERCENTAGE: _percentage,
    PromotionKind.AMOUNT: _amount,
    PromotionKind.N_FOR_M: _n_for_m,
    PromotionKind.BUNDLE_PRICE: _bundle_price,
}
