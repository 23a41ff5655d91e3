"""What has to be known to use Stripe; it is used when its key is set."""

from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode


class StripeSettings(BaseSettings):
    """Settings of the Stripe adapter, part of `app.settings.Settings`."""

    stripe_api_key: str = Field(
        default="",
        repr=False,
        description="Secret or restricted key of a Stripe account that takes cards; the sandbox "
        "PSP does when empty. Needs the extra `stripe`.",
    )
    stripe_webhook_secrets: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        repr=False,
        description="Signing secrets of Stripe's webhooks, comma-separated: several while one is "
        "being replaced; the webhooks are refused when empty.",
    )
    stripe_url: str = Field(
        default="https://api.stripe.com", description="Address of Stripe's API."
    )
    stripe_timeout_s: float = Field(
        default=8.0,
        gt=0,
        le=60,
        description="How long Stripe may take to answer; after that the outcome is unknown and "
        "asked for again.",
    )
    stripe_multicapture: bool = Field(
        default=False,
        description="Whether the account may capture an authorisation several times; without it "
        "the first capture ends the authorisation.",
    )

    @field_validator("stripe_webhook_secrets", mode="before")
    @classmethod
    def _split_secrets(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())
