"""What promotions take off: rules by example, and what holds for any cart."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import OrderLineId, Sku
from domain.promotions.engine import Item, discounts_of
from domain.promotions.model import (
    AppliedPromotion,
    BundlePart,
    Discount,
    PromotionId,
    PromotionKind,
    Reward,
    Rules,
)

VAT = Decimal("0.22")
SKUS = [Sku("A"), Sku("B"), Sku("C")]
PRICES = {"A": 1000, "B": 333, "C": 7}
TENTH = Reward(PromotionKind.PERCENTAGE, rate=Decimal("0.1"))
THREE_FOR_TWO = Reward(PromotionKind.N_FOR_M, buy=3, pay=2)


def key(number: int) -> UUID:
    """An id."""
    return UUID(int=number)


def item(number: int, sku: str, quantity: int, price: int | None = None) -> Item:
    """Units of a line."""
    return Item(
        OrderLineId(key(number)), Sku(sku), PRICES[sku] if price is None else price, quantity, VAT
    )


def promotion(
    number: int, reward: Reward, lines: Sequence[Item], minimum: int = 0
) -> AppliedPromotion:
    """A promotion that is about these lines."""
    rules = Rules(reward, minimum_minor=minimum)
    line_ids = tuple(line.line_id for line in lines)
    return AppliedPromotion(PromotionId(key(number)), 1, f"P{number}", "", {}, rules, line_ids)


def off(lines: Sequence[Item], *rewards: Reward, shipping: int = 0, minimum: int = 0) -> list[int]:
    """What the promotions take off each line, and of shipping at last."""
    promotions = [promotion(n, reward, lines, minimum) for n, reward in enumerate(rewards)]
    return per_line(lines, discounts_of(lines, shipping, promotions))


def per_line(lines: Sequence[Item], found: Sequence[Discount]) -> list[int]:
    """What was taken off each line, and of shipping at last."""
    wanted = [*(line.line_id for line in lines), None]
    return [sum(d.amount_minor for d in found if d.line_id == each) for each in wanted]


AMOUNT = Reward(PromotionKind.AMOUNT, amount_minor=500)
EACH = Reward(PromotionKind.AMOUNT, amount_minor=500, per_unit=True)
BUNDLE = Reward(
    PromotionKind.BUNDLE_PRICE,
    amount_minor=1100,
    bundle=(BundlePart(Sku("A"), 1), BundlePart(Sku("B"), 2)),
)
SHIPPING = Reward(PromotionKind.FREE_SHIPPING)


@pytest.mark.parametrize(
    ("reward", "lines", "expected"),
    [
        (TENTH, [("A", 1), ("B", 3)], [100, 100, 0]),
        (THREE_FOR_TWO, [("A", 3)], [1000, 0]),
        (THREE_FOR_TWO, [("A", 2)], [0, 0]),
        (THREE_FOR_TWO, [("A", 7)], [2000, 0]),
        (THREE_FOR_TWO, [("A", 2), ("B", 1)], [0, 333, 0]),
        (THREE_FOR_TWO, [("C", 2), ("A", 1), ("B", 3)], [7, 0, 333, 0]),
        (AMOUNT, [("A", 1), ("B", 3)], [250, 250, 0]),
        (AMOUNT, [("C", 2)], [14, 0]),
        (EACH, [("A", 2), ("C", 1)], [1000, 7, 0]),
        (BUNDLE, [("A", 1), ("B", 2)], [340, 226, 0]),
        (BUNDLE, [("A", 2), ("B", 3)], [340, 226, 0]),
        (BUNDLE, [("A", 2), ("B", 1)], [0, 0, 0]),
        (SHIPPING, [("A", 1)], [0, 700]),
    ],
)
def test_each_kind(reward: Reward, lines: list[tuple[str, int]], expected: list[int]) -> None:
    items = [item(n, sku, quantity) for n, (sku, quantity) in enumerate(lines)]
    assert off(items, reward, shipping=700) == expected


def test_a_bundle_is_never_dearer_than_its_parts() -> None:
    dear = Reward(PromotionKind.BUNDLE_PRICE, amount_minor=9000, bundle=(BundlePart(Sku("A"), 1),))
    assert off([item(1, "A", 2)], dear) == [0, 0]


def test_below_its_minimum_it_takes_off_nothing() -> None:
    assert off([item(1, "A", 3)], TENTH, minimum=3001) == [0, 0]
    assert off([item(1, "A", 3)], TENTH, minimum=3000) == [300, 0]


def test_each_takes_of_what_the_one_before_it_left() -> None:
    assert off([item(1, "A", 1)], TENTH, TENTH) == [190, 0]
    assert off([item(1, "A", 3)], THREE_FOR_TWO, TENTH) == [1200, 0]
    assert off([item(1, "C", 1)], AMOUNT, TENTH) == [7, 0]


rewards = st.one_of(
    st.builds(
        Reward,
        st.just(PromotionKind.PERCENTAGE),
        rate=st.integers(1, 10_000).map(lambda n: Decimal(n) / 10_000),
    ),
    st.builds(
        Reward,
        st.just(PromotionKind.AMOUNT),
        amount_minor=st.integers(1, 5_000),
        per_unit=st.booleans(),
    ),
    st.integers(2, 5).flatmap(
        lambda buy: st.builds(
            Reward, st.just(PromotionKind.N_FOR_M), buy=st.just(buy), pay=st.integers(1, buy - 1)
        )
    ),
    st.builds(
        Reward,
        st.just(PromotionKind.BUNDLE_PRICE),
        amount_minor=st.integers(0, 3_000),
        bundle=st.lists(
            st.builds(BundlePart, st.sampled_from(SKUS), st.integers(1, 3)),
            min_size=1,
            unique_by=lambda part: part.sku,
        ).map(tuple),
    ),
    st.just(SHIPPING),
)
carts = st.lists(
    st.tuples(st.sampled_from(SKUS), st.integers(1, 9), st.integers(0, 4_000)),
    min_size=1,
    max_size=6,
)


def built(cart: Sequence[tuple[Sku, int, int]]) -> list[Item]:
    """The lines of a cart: SKU, units, price of one."""
    return [item(n, sku, units, price) for n, (sku, units, price) in enumerate(cart)]


def all_about(
    chosen: Sequence[tuple[Reward, int]], lines: Sequence[Item]
) -> list[AppliedPromotion]:
    """The promotions; bundles are about their SKUs."""
    return [
        promotion(
            n,
            reward,
            [ln for ln in lines if Rules(reward).is_about(ln.sku, (), "")],
            minimum,
        )
        for n, (reward, minimum) in enumerate(chosen)
    ]


chains = st.lists(st.tuples(rewards, st.sampled_from([0, 0, 500, 4000])), max_size=4)


@given(carts, chains, st.integers(0, 2_000))
def test_nothing_ever_costs_less_than_nothing(
    cart: list[tuple[Sku, int, int]], chosen: list[tuple[Reward, int]], shipping: int
) -> None:
    lines = built(cart)
    found = discounts_of(lines, shipping, all_about(chosen, lines))
    assert all(each.amount_minor > 0 for each in found)
    *taken, shipped = per_line(lines, found)
    assert shipped in (0, shipping)
    for line, amount in zip(lines, taken, strict=True):
        assert 0 <= amount <= line.quantity * line.unit_price_minor


@given(carts, chains, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(
    cart: list[tuple[Sku, int, int]], chosen: list[tuple[Reward, int]], random: Random
) -> None:
    lines = built(cart)
    shuffled = list(lines)
    random.shuffle(shuffled)
    one = discounts_of(lines, 0, all_about(chosen, lines))
    other = discounts_of(shuffled, 0, all_about(chosen, shuffled))
    assert per_line(lines, one) == per_line(lines, other)


@given(carts, chains, st.data())
def test_a_line_in_two_costs_the_same(
    cart: list[tuple[Sku, int, int]], chosen: list[tuple[Reward, int]], data: st.DataObject
) -> None:
    lines = built(cart)
    position = data.draw(st.integers(0, len(lines) - 1))
    sku, units, price = cart[position]
    first = data.draw(st.integers(0, units))
    parts = [(sku, first, price), (sku, units - first, price)]
    halves = [part for part in parts if part[1]]
    split = built([*cart[:position], *halves, *cart[position + 1 :]])
    whole = sum(per_line(lines, discounts_of(lines, 0, all_about(chosen, lines))))
    assert sum(per_line(split, discounts_of(split, 0, all_about(chosen, split)))) == whole
