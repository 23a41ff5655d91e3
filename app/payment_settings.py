"""What an installation says of payments."""

from pydantic import Field
from pydantic_settings import BaseSettings


class PaymentSettings(BaseSettings):
    """Settings of payments, whichever service takes them."""

    transfer_days: int = Field(
        default=7,
        ge=1,
        le=60,
        description="Days that an order waits for a bank transfer to arrive or a cheque to clear.",
    )
