"""Which carriers and PSPs may send messages, by the settings."""

from app.easypost.webhook import EasyPostWebhook
from app.easypost.wiring import CODE
from app.settings import Settings
from app.stripe.webhook import StripeWebhook
from app.stripe.wiring import PROVIDER
from app.webhooks.payments import PspWebhooks
from app.webhooks.route import CarrierWebhook, Webhooks
from app.webhooks.standard import StandardWebhook


def webhooks_of(settings: Settings) -> Webhooks:
    """How each carrier's messages are read, by its code."""
    found: dict[str, CarrierWebhook] = {
        carrier: StandardWebhook(carrier, secrets)
        for carrier, secrets in settings.webhook_secrets.items()
    }
    if settings.easypost_webhook_secret:
        found[CODE] = EasyPostWebhook(CODE, [settings.easypost_webhook_secret])
    return found


def psp_webhooks_of(settings: Settings) -> PspWebhooks:
    """How each PSP's messages are read, by its name."""
    if not settings.stripe_webhook_secrets:
        return {}
    return {PROVIDER: StripeWebhook(PROVIDER, settings.stripe_webhook_secrets)}
