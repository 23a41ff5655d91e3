import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.stock import World, build


@pytest.fixture
async def world(clean_database: str, engine: AsyncEngine) -> AsyncEngine:
    """A clean database with HAT, SCARF and the kit SET of 1 HAT and 2 SCARFs; ROME and MILAN."""
    kits = {"SET": {"HAT": 1, "SCARF": 2}}
    await build(engine, World(skus=("HAT", "SCARF"), locations=("ROME", "MILAN"), kits=kits))
    return engine
