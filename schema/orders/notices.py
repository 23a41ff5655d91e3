"""What customers were told of their orders."""

from datetime import datetime
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from domain.orders import notices as domain
from schema.access import access
from schema.orders.enums import NoticeKind


@access()
@strawberry.type(description="Something that the customer was told of an order, once.")
class OrderNotice:
    kind: NoticeKind = strawberry.field(description="What it is about.")
    at: datetime = strawberry.field(description="When it was recorded (UTC).")
    detail: JSON = strawberry.field(
        description="What it says: names and values, such as `promisedAt`; no personal data."
    )

    @staticmethod
    def of(told: domain.Notice) -> "OrderNotice":
        """The twin."""
        return OrderNotice(kind=told.kind, at=told.at, detail=cast(Any, dict(told.detail)))
