from collections.abc import AsyncGenerator

import pytest

from domain.common.database import Database
from tests.support.probe import opened


@pytest.fixture
async def database(clean_database: str) -> AsyncGenerator[Database]:
    async with opened(clean_database) as database:
        yield database
