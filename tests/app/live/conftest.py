"""The running application over a shop with two stores and stock."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.payments.sandbox import SandboxGateway
from tests.support.api import Api, serving, settings_for
from tests.support.shop import Shop, open_shop


@pytest.fixture
async def api(
    engine: AsyncEngine, clean_database: str, clean_redis: str, tmp_path: Path
) -> AsyncGenerator[Api]:
    await open_shop(engine, {"HAT": {"ROME": 50, "MILAN": 5}, "SCARF": {"ROME": 50}})
    settings = settings_for(
        clean_database, clean_redis, tmp_path, housekeeping=False, max_subscriptions=3
    )
    async with serving(settings) as opened:
        yield opened


@pytest.fixture
def shop(api: Api) -> Shop:
    """The shop in the running application: what is committed through it is live at once."""
    services = api.resources.services
    return Shop(services.database, cast(SandboxGateway, services.gateway), services.terms)
