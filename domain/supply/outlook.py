"""Available to promise over time: at a location, or at all locations of a channel."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, LocationId, Sku
from domain.stock.posting import free_text
from domain.supply.model import Dated, atp_curve, of_kit, on_curve, summed

_POOLS = sa.text(f"""
WITH places AS (
    SELECT l.id FROM location AS l
    WHERE l.active
      AND (CAST(:location AS uuid) IS NULL OR l.id = CAST(:location AS uuid))
      AND (CAST(:channel AS text) IS NULL OR EXISTS (
        SELECT 1 FROM channel_location AS c
        WHERE c.location_id = l.id AND c.channel = CAST(:channel AS text)))
),
parts AS (
    SELECT kit_sku AS whole, component_sku AS sku, quantity AS each FROM kit_component
    WHERE kit_sku = ANY(CAST(:skus AS text[]))
    UNION ALL
    SELECT v.sku, v.sku, 1 FROM variant AS v
    WHERE v.sku = ANY(CAST(:skus AS text[]))
      AND NOT EXISTS (SELECT 1 FROM kit_component AS k WHERE k.kit_sku = v.sku)
)
SELECT now() AS now, p.whole, p.sku, p.each, NULL::uuid AS place, 'PART' AS kind,
       NULL::timestamptz AS at, 0::bigint AS units
FROM parts AS p
UNION ALL
SELECT now(), p.whole, s.sku, p.each, s.location_id, 'PHYSICAL', NULL,
       greatest(0, {free_text("s")} - s.safety + coalesce(lapsed.units, 0))
FROM parts AS p
JOIN stock_level AS s ON s.sku = p.sku
JOIN places ON places.id = s.location_id
LEFT JOIN LATERAL (
    SELECT sum(r.quantity) AS units FROM reservation AS r
    WHERE r.location_id = s.location_id AND r.sku = s.sku AND r.state = 'ACTIVE'
      AND r.expires_at <= now()
) AS lapsed ON true
UNION ALL
SELECT now(), p.whole, i.sku, p.each, i.location_id, 'INBOUND', i.eta,
       floor((i.quantity - i.received) * i.confidence)::bigint
FROM parts AS p
JOIN inbound AS i ON i.sku = p.sku
JOIN places ON places.id = i.location_id
WHERE i.closed_at IS NULL AND i.received < i.quantity AND i.eta > now()
UNION ALL
SELECT now(), p.whole, c.sku, p.each, c.location_id, 'PROMISED', c.promised_at, c.quantity
FROM parts AS p
JOIN promise AS c ON c.sku = p.sku
JOIN places ON places.id = c.location_id
""")  # noqa: S608 -- only a rule of ours is put in
"""One row per component, level, inbound row and promise of each SKU: one moment of all of them."""
_Rows = Sequence[sa.Row[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class Outlook:
    """Units that can be promised for `at`, and from when on more can be."""

    sku: Sku
    at: datetime
    available: int
    curve: tuple[Dated, ...]


@dataclass(slots=True)
class _Pool:
    """Stock of a SKU that may be promised together."""

    physical: int = 0
    supplies: list[Dated] = field(default_factory=list[Dated])
    commitments: list[Dated] = field(default_factory=list[Dated])

    def add(self, kind: str, at: datetime | None, units: int) -> None:
        """What a row says is in the pool."""
        if at is None:
            self.physical += units
        elif kind == "INBOUND":
            self.supplies.append(Dated(at, units))
        else:
            self.commitments.append(Dated(at, units))

    def curve(self, now: datetime) -> tuple[Dated, ...]:
        """What can be promised of it."""
        return atp_curve(self.physical, self.supplies, self.commitments, now)


async def outlook(
    connection: AsyncConnection,
    sku: Sku,
    *,
    location_id: LocationId | None,
    channel: ChannelCode | None,
    at: datetime | None,
) -> Outlook:
    """What can be promised of a SKU or kit at a location, or at the active locations of a channel,
    for `at` (now unless given). Nothing for unknown SKUs. One statement.

    Locations of a channel stand in for each other, so that a promise that one of them cannot keep
    lowers what all can promise; of a kit, each location makes its own.

    Raises:
        ValidationFailed: neither or both places are named, or `at` is over.
    """
    found = await curves(connection, [sku], location_id=location_id, channel=channel)
    if sku not in found:
        moment = at or datetime.now(UTC)
        return Outlook(sku, moment, 0, (Dated(moment, 0),))
    curve = found[sku]
    now = curve[0].at
    if at is not None and at < now:
        raise ValidationFailed("at", "must not be over")
    return Outlook(sku, at or now, on_curve(curve, at or now), curve)


async def curves(
    connection: AsyncConnection,
    skus: Collection[Sku],
    *,
    location_id: LocationId | None,
    channel: ChannelCode | None,
) -> Mapping[Sku, tuple[Dated, ...]]:
    """What `outlook` says of each SKU from now on, each by itself; the first entry of a curve is
    for now. Unknown SKUs are absent. One statement.

    Raises:
        ValidationFailed: neither or both places are named.
    """
    if (location_id is None) == (channel is None):
        raise ValidationFailed("channel", "name either a location or a channel")
    given = {"location": location_id, "channel": channel, "skus": sorted(skus)}
    rows: defaultdict[Sku, list[sa.Row[tuple[object, ...]]]] = defaultdict(list)
    for row in await connection.execute(_POOLS, given):
        rows[Sku(row.whole)].append(row)
    return {sku: _curve(sku, mine) for sku, mine in rows.items()}


def _curve(sku: Sku, rows: _Rows) -> tuple[Dated, ...]:
    now: datetime = rows[0].now
    parts: dict[Sku, int] = {row.sku: row.each for row in rows}
    return _kits(parts, rows, now) if sku not in parts else _units(rows, now)


def _units(rows: _Rows, now: datetime) -> tuple[Dated, ...]:
    pool = _Pool()
    for row in rows:
        if row.place is not None:
            pool.add(row.kind, row.at, row.units)
    return pool.curve(now)


def _kits(parts: Mapping[Sku, int], rows: _Rows, now: datetime) -> tuple[Dated, ...]:
    pools: defaultdict[UUID, dict[Sku, _Pool]] = defaultdict(dict)
    for row in rows:
        if row.place is not None:
            pools[row.place].setdefault(row.sku, _Pool()).add(row.kind, row.at, row.units)
    kits = [
        of_kit(parts, {sku: pool.curve(now) for sku, pool in there.items()}, now)
        for there in pools.values()
    ]
    return summed(kits, now)
