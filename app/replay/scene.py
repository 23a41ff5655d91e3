"""What a replay needs before it begins: goods and people in the system, and who is watched."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from app.auth.tokens import LocalIssuer
from app.olist import Progress, load_master_data, load_stock, read_directory
from domain.common.database import Database
from domain.common.ids import CustomerId, LocationId
from domain.customers.bulk import customer_ids
from domain.identity.model import Actor, Role
from domain.integrations.model import HistoricOrder
from domain.integrations.olist import CHANNEL, SOURCE
from domain.integrations.stocking import needs_of
from domain.locations.bulk import location_ids
from domain.locations.model import LocationCode

WATCHED_LOCATIONS = 3
WATCHED_CUSTOMERS = 3


@dataclass(frozen=True, slots=True)
class Scene:
    """The orders to replay, oldest first, and the locations and customers to look at."""

    orders: Sequence[HistoricOrder]
    locations: Mapping[LocationCode, LocationId]
    customers: Mapping[str, CustomerId]
    refused_rows: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """Access tokens of everybody in the play; those of customers by their references."""

    channel: str
    floor: str
    pos: str
    agent: str
    customers: Mapping[str, str]


async def prepare(database: Database, directory: Path, limit: int, progress: Progress) -> Scene:
    """The first `limit` orders of the directory, with their sellers, products, customers and stock
    in the system; the orders themselves are not.

    Raises:
        DirectoryUnfit, WrongColumns: see `read_directory`.
    """
    data = read_directory(directory, progress)
    orders = [each.order for each in data.orders[:limit]]
    await load_master_data(database, data.master_of(orders), progress)
    await load_stock(database, needs_of(orders), f"replay {data.name}", progress)
    codes = _busiest(orders)
    people = _most_loyal(orders)
    locations = await database.run(lambda tx: location_ids(tx, codes), actor_key="SYSTEM:replay")
    customers = await database.read_primary(lambda c: customer_ids(c, SOURCE, people))
    return Scene(orders, locations, customers, len(data.refused))


def _busiest(orders: Sequence[HistoricOrder]) -> list[LocationCode]:
    """The sellers with the most order lines."""
    lines = Counter(code for order in orders for code in order.sellers)
    return [code for code, _ in lines.most_common(WATCHED_LOCATIONS)]


def _most_loyal(orders: Sequence[HistoricOrder]) -> list[str]:
    """References of the customers with the most orders, and among equals the most moments to see,
    and then the earliest.
    """
    counts: Counter[str] = Counter()
    for order in orders:
        moments = (order.approved_at, order.shipped_at, order.delivered_at)
        known = sum(moment is not None for moment in moments)
        counts[order.command.customer.reference or ""] += 10 + known
    return [reference for reference, _ in counts.most_common(WATCHED_CUSTOMERS)]


def tokens_for(scene: Scene, issuer: LocalIssuer, lifetime: timedelta) -> Tokens:
    """Real tokens, each with the narrowest scope that does."""

    def token(actor: Actor) -> str:
        return issuer.issue(actor, lifetime)

    channels, places = frozenset({CHANNEL}), frozenset(scene.locations.values())
    return Tokens(
        channel=token(Actor("replay-marketplace", Role.CHANNEL, channel_codes=channels)),
        floor=token(Actor("replay-floor", Role.OPERATIONS)),
        pos=token(Actor("replay-pos", Role.POS, location_ids=places)),
        agent=token(Actor("replay-agent", Role.CALL_CENTER)),
        customers={
            reference: token(Actor(str(each), Role.CUSTOMER, customer_id=each))
            for reference, each in scene.customers.items()
        },
    )
