"""One caller of each kind."""

from uuid import UUID

from domain.common.ids import ChannelCode, CustomerId, LocationId
from domain.identity.model import Actor, Role

STORE = LocationId(UUID("0192f0c4-0000-7000-8000-000000000001"))

ADMIN = Actor("ada", Role.ADMIN)
OPERATIONS = Actor("olga", Role.OPERATIONS)
AGENT = Actor("carla", Role.CALL_CENTER)
FINANCE = Actor("fausto", Role.FINANCE)
TILL = Actor("till-1", Role.POS, location_ids=frozenset({STORE}))
MANAGER = Actor("rita", Role.STORE_MANAGER, location_ids=frozenset({STORE}))
PICKER = Actor("piero", Role.WAREHOUSE, location_ids=frozenset({STORE}))


def channel(*codes: str) -> Actor:
    """An integration that sells on these channels."""
    return Actor("hub", Role.CHANNEL, channel_codes=frozenset(ChannelCode(code) for code in codes))


def customer(customer_id: UUID | str | None) -> Actor:
    """A customer who is logged in; None when the token names no record."""
    key = CustomerId(UUID(str(customer_id))) if customer_id is not None else None
    return Actor(f"customer-{customer_id}", Role.CUSTOMER, customer_id=key)


EVERYBODY = (ADMIN, OPERATIONS, AGENT, FINANCE, TILL, MANAGER, PICKER, channel("WEB"), None)
"""Every role but CUSTOMER, and a caller who is not authenticated."""
EVERYBODY_AND_A_CUSTOMER = (*EVERYBODY, customer(UUID(int=7)))
