"""Many locations at once, for imports and demo data: as `create_location`, in one statement."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError

from domain.common.errors import NotFound, ValidationFailed
from domain.common.faults import constraint_of
from domain.common.ids import LocationId
from domain.common.sql import insert_many, together
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.locations.events import hours_record, location_created
from domain.locations.model import Location, LocationCode, checked
from domain.locations.tables import channel_location, location

MAX_LOCATIONS = 2_000
_COLUMNS = [column.name for column in location.columns]


async def add_locations(tx: Tx, wanted: Sequence[Location]) -> int:
    """The number of locations that are new; those whose code is known are left as they are.

    At most 2,000, each of version 1. New ones serve their `channels` from the start, and publish
    one LocationCreated each.

    Raises:
        NotFound: a channel does not exist. ValidationFailed: see `checked`, or a code comes twice.
    """
    codes = [each.code for each in wanted]
    if len(wanted) > MAX_LOCATIONS or len(set(codes)) < len(codes):
        raise ValidationFailed("locations", f"must be at most {MAX_LOCATIONS}, each code once")
    known = await location_ids(tx, codes)
    fresh = [checked(each) for each in wanted if each.code not in known]
    if not fresh:
        return 0
    links = [{"channel": code, "location_id": each.id} for each in fresh for code in each.channels]
    writes = together(
        insert_many(location, _COLUMNS, [_row(each) for each in fresh]),
        insert_many(channel_location, ["channel", "location_id"], links),
    )
    try:
        await tx.connection.execute(writes)
    except IntegrityError as error:
        if constraint_of(error) == "fk_channel_location_channel":
            raise NotFound("channel", "of a location") from error
        raise
    await publish(tx, *[location_created(each) for each in fresh])
    return len(fresh)


async def location_ids(tx: Tx, codes: Sequence[LocationCode]) -> dict[LocationCode, LocationId]:
    """The ids of the locations of those codes; unknown codes are absent. One statement."""
    wanted = sa.literal(list(codes), ARRAY(sa.Text))
    found = await tx.connection.execute(
        sa.select(location.c.code, location.c.id).where(location.c.code == sa.any_(wanted))
    )
    return {LocationCode(row.code): LocationId(row.id) for row in found}


def _row(given: Location) -> dict[str, Any]:
    values = asdict(given)
    del values["channels"]
    values["opening_hours"] = [hours_record(hours) for hours in given.opening_hours]
    return values
