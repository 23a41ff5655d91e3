"""Which promotions count: for any cart the best that may be combined, whoever comes first."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import Sku
from domain.promotions.choosing import Cart, CartLine, Chosen, Reason, choose, fits
from domain.promotions.model import (
    Audience,
    Promotion,
    PromotionId,
    PromotionKind,
    PromotionStatus,
    Reward,
    Rules,
)
from tests.domain.promotions.test_engine import VAT, built, carts, rewards

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def promotion(number: int, rules: Rules, **changes: datetime | None) -> Promotion:
    """An active promotion without an end."""
    return Promotion(
        id=PromotionId(UUID(int=number)),
        name=f"P{number}",
        campaign="",
        labels={"en": "Offer"},
        rules=rules,
        status=PromotionStatus.ACTIVE,
        valid_from=changes.get("valid_from"),
        valid_until=changes.get("valid_until"),
        created_by="x",
        created_at=NOON,
        updated_at=NOON,
        version=1,
    )


def cart_of(lines: list[tuple[Sku, int, int]], shipping: int = 0) -> Cart:
    """A cart of a web shop."""
    return Cart(
        channel="WEB",
        source_code=None,
        country="IT",
        currency="EUR",
        segments=(),
        lines=tuple(
            CartLine(item.line_id, item.sku, item.quantity, item.unit_price_minor, VAT, (), "")
            for item in built(lines)
        ),
        shipping_minor=shipping,
        coupons={},
    )


def total(chosen: Chosen) -> int:
    """What is taken off in all."""
    return sum(each.amount_minor for each in chosen.discounts)


def test_an_order_fits_by_channel_or_by_source_code() -> None:
    campaign = Audience(channels=("WEB",), source_codes=("SPRING",))
    assert fits(campaign, "WEB", None)
    assert fits(campaign, "PHONE", "SPRING")
    assert not fits(campaign, "PHONE", None)
    assert fits(Audience(), "PHONE", None)
    assert not fits(Audience(source_codes=("SPRING",)), "WEB", None)


def test_it_counts_from_its_first_moment_until_just_before_its_last() -> None:
    one = promotion(
        1, Rules(Reward(PromotionKind.FREE_SHIPPING)), valid_from=NOON, valid_until=NOON + DAY
    )
    counted = [one.counts_at(NOON + n * DAY / 2) for n in (-1, 0, 1, 2)]
    assert counted == [False, True, True, False]


rules = st.builds(
    Rules,
    rewards,
    minimum_minor=st.sampled_from([0, 0, 1000]),
    priority=st.integers(-2, 2),
    exclusive=st.booleans(),
)


@given(carts, st.lists(rules, max_size=5), st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_best_counts_whoever_comes_first(
    lines: list[tuple[Sku, int, int]], given_rules: list[Rules], shipping: int, random: Random
) -> None:
    cart = cart_of(lines, shipping)
    every = [promotion(n, each) for n, each in enumerate(given_rules)]
    chosen = choose(cart, every, NOON)
    shuffled = list(every)
    random.shuffle(shuffled)
    assert choose(cart, shuffled, NOON) == chosen
    for one in every:
        if one.rules.exclusive:
            assert total(choose(cart, [one], NOON)) <= total(chosen)
    together = [one for one in every if not one.rules.exclusive]
    assert total(choose(cart, together, NOON)) <= total(chosen)
    counting = {each.promotion_id for each in chosen.applied}
    exclusive = [one for one in every if one.id in counting and one.rules.exclusive]
    assert not exclusive or len(counting) == 1
    for verdict in chosen.verdicts:
        assert (verdict.reason is Reason.APPLIED) == (verdict.promotion.id in counting)
        assert (verdict.amount_minor > 0) == (verdict.promotion.id in counting)
