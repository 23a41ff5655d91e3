"""Rules of the model in SQL, for statements that look at many orders at once."""

from collections.abc import Collection
from enum import StrEnum

from domain.orders.states import UNSOURCED, DeliveryMode


def listed(values: Collection[StrEnum]) -> str:
    """The values as text in SQL, separated by commas."""
    return ", ".join(f"'{value.value}'" for value in sorted(values))


WAITS = listed(UNSOURCED)
"""States of units that wait for stock."""


def may_serve(location: str, order: str) -> str:
    """`candidates.eligible` as a condition. `location` names a row with `id`, `can_ship` and
    `can_pickup`, `order` one with `delivery_mode` and `delivery_location_id`.
    """
    here = f"{location}.id = {order}.delivery_location_id"
    return f"""CASE {order}.delivery_mode
        WHEN '{DeliveryMode.TAKE_AWAY.value}' THEN {here}
        WHEN '{DeliveryMode.PICKUP.value}' THEN {location}.can_pickup AND {here}
        WHEN '{DeliveryMode.SHIP_TO_STORE.value}'
            THEN {location}.can_ship OR ({location}.can_pickup AND {here})
        ELSE {location}.can_ship END"""
