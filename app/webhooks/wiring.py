"""Which carriers may send messages, by the settings."""

from app.settings import Settings
from app.webhooks.route import Webhooks
from app.webhooks.standard import StandardWebhook


def webhooks_of(settings: Settings) -> Webhooks:
    """How each carrier's messages are read, by its code."""
    return {
        carrier: StandardWebhook(carrier, secrets)
        for carrier, secrets in settings.webhook_secrets.items()
    }
