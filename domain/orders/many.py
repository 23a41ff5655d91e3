"""Placing many orders of a channel in one call: each by itself, all decided together."""

import asyncio
from collections.abc import Sequence

from domain.common.errors import ValidationFailed
from domain.orders.checkout import Till, settled_order
from domain.orders.commands import PlaceOrder
from domain.orders.results import Settled

MAX_ORDERS = 500
AT_ONCE = 100
"""Orders under way at the same time, so that a payment service is not asked for all at once."""

Wish = PlaceOrder | ValidationFailed
"""A command, or why what was asked is none."""


async def place_orders(till: Till, wishes: Sequence[Wish]) -> list[Settled | Exception]:
    """What `settled_order` gives for each, or what it raises, in their order; the engine decides
    them in that order too. One order's refusal or failure changes nothing for another.

    A whole call may be repeated: what was placed is found by its key, and the rest is tried again.

    Raises:
        ValidationFailed: there is none, or there are more than 500.
    """
    if not 1 <= len(wishes) <= MAX_ORDERS:
        raise ValidationFailed("orders", f"must be 1 to {MAX_ORDERS}")
    answers: list[Settled | Exception] = []
    at_once = AT_ONCE if till.engine is not None else 1
    for start in range(0, len(wishes), at_once):
        part = wishes[start : start + at_once]
        answers += await asyncio.gather(*[_answered(till, wish) for wish in part])
    return answers


async def _answered(till: Till, wish: Wish) -> Settled | Exception:
    if isinstance(wish, ValidationFailed):
        return wish
    try:
        return await settled_order(till, wish)
    except Exception as error:  # noqa: BLE001 -- it belongs to this order alone
        return error
