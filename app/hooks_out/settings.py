"""How partners' servers are called."""

from pydantic import Field
from pydantic_settings import BaseSettings


class HooksOutSettings(BaseSettings):
    """Outgoing webhooks."""

    webhook_timeout_s: float = Field(
        default=20.0, gt=0, le=50, description="Longest call of a partner's webhook, in seconds."
    )
    webhooks_to_loopback: bool = Field(
        default=False,
        description="Let webhooks call this machine itself; refused in production.",
    )
