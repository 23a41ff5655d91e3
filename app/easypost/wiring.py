"""The adapter with its connections, by the settings."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2

from app.easypost.adapter import TIMEOUT_S, EasyPost
from app.settings import Settings
from domain.carriers.port import Adapters

CODE = "EASYPOST"


@asynccontextmanager
async def carriers_of(settings: Settings) -> AsyncGenerator[Adapters]:
    """Carriers with an API of their own, ready to be asked; none that is not set up."""
    if not settings.easypost_api_key:
        yield {}
        return
    base = settings.easypost_url.rstrip("/") + "/"
    key = httpx2.BasicAuth(settings.easypost_api_key, "")
    async with (
        httpx2.AsyncClient(base_url=base, auth=key, timeout=TIMEOUT_S) as client,
        httpx2.AsyncClient(timeout=TIMEOUT_S) as documents,
    ):
        yield {CODE: EasyPost(CODE, client, documents)}
