"""Refusals about promotions and coupons."""

from domain.common.errors import DomainError
from domain.promotions.model import CouponCode, CouponRefusal, PromotionStatus


class PromotionNameTaken(DomainError):
    """Another promotion has this name."""

    code = "PROMOTION_NAME_TAKEN"

    def __init__(self, name: str) -> None:
        super().__init__(f"a promotion with the name {name} exists")
        self.name = name


class IllegalPromotionStep(DomainError):
    """The step does not fit where the promotion stands; nothing was changed."""

    code = "ILLEGAL_PROMOTION_STEP"

    def __init__(self, action: str, status: PromotionStatus) -> None:
        super().__init__(f"cannot {action} a promotion that is {status.value}")
        self.action = action
        self.status = status


class CouponCodeTaken(DomainError):
    """A coupon with this code exists."""

    code = "COUPON_CODE_TAKEN"

    def __init__(self, coupon_code: CouponCode) -> None:
        super().__init__(f"a coupon with code {coupon_code} exists")
        self.coupon_code = coupon_code


class CouponNotUsable(DomainError):
    """A code would take nothing off the order, or is used up: nothing was ordered, nothing used."""

    code = "COUPON_NOT_USABLE"

    def __init__(self, coupon_code: CouponCode, reason: CouponRefusal) -> None:
        super().__init__(f"coupon {coupon_code} cannot be used: {reason.value}")
        self.coupon_code = coupon_code
        self.reason = reason
