"""The refusal of a coupon."""

import strawberry

from domain.promotions import errors
from schema.access import access
from schema.errors import Error, twin_of
from schema.promotions.enums import CouponRefusal


@twin_of(errors.CouponNotUsable)
@access()
@strawberry.type(
    description="A code takes nothing off, or is used up. Nothing was ordered, no code was used."
)
class CouponNotUsableError(Error):
    """Twin of CouponNotUsable."""

    coupon_code: str = strawberry.field(description="The code.")
    reason: CouponRefusal = strawberry.field(description="Why.")

    @staticmethod
    def of(error: errors.CouponNotUsable) -> "CouponNotUsableError":
        """The twin."""
        return CouponNotUsableError(
            code=error.code,
            message=error.message,
            coupon_code=error.coupon_code,
            reason=error.reason,
        )
