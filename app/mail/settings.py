"""How e-mails are sent."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings


class MailSecurity(StrEnum):
    """How the connection to the SMTP server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class MailSettings(BaseSettings):
    """The SMTP server and who writes."""

    shop_name: str = Field(
        default="Unico",
        min_length=1,
        max_length=40,
        description="Name under messages to customers.",
    )
    order_page_url: str = Field(
        default="",
        description="Page where customers see an order, with `{number}` and `{token}` in it; "
        "messages have no link to it when empty.",
    )
    smtp_host: str = Field(
        default="", description="SMTP server; e-mails are not sent, and say so, when empty."
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    smtp_security: MailSecurity = Field(
        default=MailSecurity.STARTTLS,
        description="`starttls`, `tls` from the start, or `none`, without a password.",
    )
    smtp_username: str = Field(default="", description="User at the SMTP server; none when empty.")
    smtp_password: str = Field(default="", repr=False, description="The user's password.")
    smtp_timeout_s: float = Field(
        default=20.0, gt=0, le=50, description="Longest wait for the SMTP server, in seconds."
    )
    mail_from: str = Field(
        default="", description="Sender of e-mails; needed with UNICO_SMTP_HOST."
    )

    @model_validator(mode="after")
    def _mail_is_complete(self) -> Self:
        if self.smtp_host and "@" not in self.mail_from:
            raise ValueError("UNICO_MAIL_FROM must be an address when UNICO_SMTP_HOST is set")
        if self.smtp_password and self.smtp_security is MailSecurity.NONE:
            raise ValueError("UNICO_SMTP_SECURITY must not be none with a password")
        return self
