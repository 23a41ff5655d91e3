"""Stripe with its connections, by the settings."""

import importlib.util
import logging
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from app.settings import Settings, SettingsError

if TYPE_CHECKING:
    from app.stripe.adapter import Stripe


PROVIDER = "STRIPE"
_CALLS_AT_ONCE = 16
_CONNECT_S = 3.0


@asynccontextmanager
async def gateway_of(settings: Settings) -> AsyncGenerator["Stripe | None"]:
    """Stripe, ready to be asked; None when it is not set up.

    Raises:
        SettingsError: it is set up and its library is not installed.
    """
    if not settings.stripe_api_key:
        yield None
        return
    if importlib.util.find_spec("stripe") is None:
        raise SettingsError("UNICO_STRIPE_API_KEY needs the extra `stripe`: install unico[stripe]")
    # Half a second and many megabytes: loaded when it is used, and only then.
    import requests
    import stripe

    from app.stripe.adapter import Stripe

    stripe.enable_telemetry = False
    logging.getLogger("stripe").setLevel(logging.WARNING)  # at DEBUG it logs whole bodies
    with requests.Session() as session, ThreadPoolExecutor(_CALLS_AT_ONCE, "stripe") as threads:
        timeout = (min(_CONNECT_S, settings.stripe_timeout_s), settings.stripe_timeout_s)
        client = stripe.StripeClient(
            settings.stripe_api_key,
            base_addresses={"api": settings.stripe_url.rstrip("/")},
            http_client=stripe.RequestsClient(timeout=timeout, session=session),
            max_network_retries=0,
        )
        yield Stripe(client, threads, multicapture=settings.stripe_multicapture)
