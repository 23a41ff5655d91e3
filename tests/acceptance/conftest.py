"""The whole service in processes of its own, over a shop that is ready to sell."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.settings import Settings, load_settings
from tests.support.serving import RunningServer, serving
from tests.support.shop import Shop, open_shop

STOCK = {"HAT": {"ROME": 50}, "SCARF": {"ROME": 500, "MILAN": 500}}


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> Shop:
    return await open_shop(engine, STOCK)


@pytest.fixture
def settings(
    clean_database: str, clean_redis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    monkeypatch.setenv("DATABASE_URL", clean_database)
    monkeypatch.setenv("REDIS_URL", clean_redis)
    monkeypatch.setenv("UNICO_HOME", str(tmp_path))
    return load_settings()


@pytest.fixture
async def two_workers(shop: Shop, settings: Settings) -> AsyncGenerator[RunningServer]:
    async with serving("app.main:create_app", workers="2") as server:
        yield server
