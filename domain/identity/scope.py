"""Which rows of a location an actor may act on, as SQL."""

from typing import Any

import sqlalchemy as sa

from domain.common.sql import among
from domain.identity.model import AT_LOCATION, HEAD_OFFICE, Actor


def at_work(actor: Actor, location_id: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """`Actor.works_at` as a condition: head office acts for all locations, who works at some acts
    for those, others for none.
    """
    if actor.role in HEAD_OFFICE:
        return sa.true()
    if actor.role in AT_LOCATION:
        return among(location_id, actor.location_ids)
    return sa.false()
