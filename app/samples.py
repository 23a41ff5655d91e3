"""Ready-made callers, a subscription and a mutation over the data that are there: to paste."""

from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID, uuid4

import asyncpg

from domain.common.ids import ChannelCode, CustomerId, LocationId
from domain.identity.model import AT_LOCATION, Actor, Role
from schema.ids import global_id

_WORLD = """
WITH sold AS (
    SELECT l.id, l.code, s.sku, p.channel
    FROM location l
    JOIN stock_level s ON s.location_id = l.id
    JOIN variant_channel v ON v.sku = s.sku AND v.sellable
    JOIN channel c ON c.code = v.channel AND c.active
    JOIN price p ON p.sku = s.sku AND p.channel = c.code AND p.valid @> now()
    WHERE l.active AND l.can_pickup
    ORDER BY (c.kind = 'WEB') DESC, s.on_hand - s.allocated - s.reserved - s.safety DESC, l.code
    LIMIT 1
)
SELECT coalesce((SELECT id FROM sold),
                (SELECT id FROM location WHERE active ORDER BY kind = 'store' DESC, code LIMIT 1)
       ) AS location_id,
       (SELECT sku FROM sold) AS sku,
       coalesce((SELECT channel FROM sold),
                (SELECT code FROM channel WHERE active ORDER BY code LIMIT 1)) AS channel,
       (SELECT id FROM customer WHERE email IS NOT NULL ORDER BY created_at, id LIMIT 1)
       AS customer_id
"""

_STANDS_FOR = MappingProxyType(
    {
        Role.CUSTOMER: "a customer of the web shop",
        Role.POS: "a till in a store",
        Role.STORE_MANAGER: "the manager of that store",
        Role.CALL_CENTER: "an agent on the phone",
        Role.WAREHOUSE: "somebody who picks and packs there",
        Role.OPERATIONS: "head office: stock and sourcing",
        Role.FINANCE: "head office: payments",
        Role.ADMIN: "everything",
        Role.CHANNEL: "a web shop or marketplace",
    }
)


@dataclass(frozen=True, slots=True)
class World:
    """One location, SKU, channel and customer that fit together; None where there is none."""

    location_id: UUID | None
    sku: str | None
    channel: str | None
    customer_id: UUID | None


async def look_around(database_url: str) -> World:
    """Something to point samples at, from the data in the database."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""), timeout=5)
    try:
        (row,) = await connection.fetch(_WORLD)
    finally:
        await connection.close()
    return World(row["location_id"], row["sku"], row["channel"], row["customer_id"])


def actor_for(role: Role, world: World) -> Actor:
    """A caller of that role, in the scope that the world offers."""
    return Actor(
        subject=f"sample-{role.value.lower().replace('_', '-')}",
        role=role,
        location_ids=frozenset({LocationId(world.location_id)})
        if role in AT_LOCATION and world.location_id
        else frozenset(),
        channel_codes=frozenset({ChannelCode(world.channel)})
        if role is Role.CHANNEL and world.channel
        else frozenset(),
        customer_id=CustomerId(world.customer_id)
        if role is Role.CUSTOMER and world.customer_id
        else None,
    )


def stands_for(role: Role) -> str:
    """Who typically has this role, in a few words."""
    return _STANDS_FOR[role]


def sample_subscription(world: World) -> str:
    """Live stock of the world's location."""
    return f"""subscription {{
  stockChanged(locationIds: ["{global_id("Location", world.location_id)}"]) {{
    kind
    cursor
    levels {{ sku onHand available version }}
  }}
}}
"""


def sample_mutation(world: World) -> str:
    """An order to be picked up at the world's location; each call gives a new key."""
    return f"""mutation {{
  placeOrder(input: {{
    idempotencyKey: "{uuid4()}"
    channel: "{world.channel}"
    customer: {{ email: "ada@example.com", firstName: "Ada", lastName: "Lovelace" }}
    lines: [{{ sku: "{world.sku}", quantity: 1 }}]
    delivery: {{ mode: PICKUP, locationId: "{global_id("Location", world.location_id)}" }}
    payment: {{ tender: CARD, token: "tok_approve" }}
  }}) {{
    __typename
    ... on PlaceOrderPayload {{ order {{ id number status total {{ amount currency }} }} }}
    ... on Error {{ code message }}
  }}
}}
"""
