"""How text messages are sent."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings


class SmsSettings(BaseSettings):
    """The provider of text messages."""

    sms_url: str = Field(
        default="",
        description="Where text messages are posted, as Twilio's "
        "`https://api.twilio.com/2010-04-01/Accounts/<sid>/Messages.json`; none are sent when "
        "empty.",
    )
    sms_username: str = Field(default="", description="User at the provider (account or API key).")
    sms_password: str = Field(default="", repr=False, description="The user's password or token.")
    sms_from: str = Field(default="", description="Sender: a number (E.164) or a name.")

    @model_validator(mode="after")
    def _sms_is_complete(self) -> Self:
        if self.sms_url and not self.sms_from:
            raise ValueError("UNICO_SMS_FROM must be set with UNICO_SMS_URL")
        return self
