"""What mutations of promotions answer."""

from typing import Annotated

import strawberry

from domain.identity.model import HEAD_OFFICE
from domain.promotions import errors
from schema.access import access
from schema.errors import CommonError, Error, twin_of
from schema.promotions.enums import PromotionStatus
from schema.promotions.types import Promotion


@access(*HEAD_OFFICE)
@strawberry.type(description="The promotion after the change.")
class PromotionPayload:
    """Answer of the mutations of promotions."""

    promotion: Promotion = strawberry.field(description="The promotion as it is now.")


@twin_of(errors.PromotionNameTaken)
@access()
@strawberry.type(description="Another promotion has this name.")
class PromotionNameTakenError(Error):
    """Twin of PromotionNameTaken."""

    name: str = strawberry.field(description="The name that is in use.")

    @staticmethod
    def of(error: errors.PromotionNameTaken) -> "PromotionNameTakenError":
        """The twin."""
        return PromotionNameTakenError(code=error.code, message=error.message, name=error.name)


@twin_of(errors.IllegalPromotionStep)
@access()
@strawberry.type(description="The step does not fit where the promotion stands.")
class IllegalPromotionStepError(Error):
    """Twin of IllegalPromotionStep."""

    action: str = strawberry.field(description="What was asked for.")
    status: PromotionStatus = strawberry.field(description="Where the promotion stands.")

    @staticmethod
    def of(error: errors.IllegalPromotionStep) -> "IllegalPromotionStepError":
        """The twin."""
        return IllegalPromotionStepError(
            code=error.code, message=error.message, action=error.action, status=error.status
        )


@twin_of(errors.CouponCodeTaken)
@access()
@strawberry.type(description="A coupon with this code exists.")
class CouponCodeTakenError(Error):
    """Twin of CouponCodeTaken."""

    coupon_code: str = strawberry.field(description="The code that is in use.")

    @staticmethod
    def of(error: errors.CouponCodeTaken) -> "CouponCodeTakenError":
        """The twin."""
        return CouponCodeTakenError(
            code=error.code, message=error.message, coupon_code=error.coupon_code
        )


PromotionMutationResult = Annotated[
    PromotionPayload
    | PromotionNameTakenError
    | IllegalPromotionStepError
    | CouponCodeTakenError
    | CommonError,
    strawberry.union("PromotionMutationResult", description="What changes of promotions answer."),
]
