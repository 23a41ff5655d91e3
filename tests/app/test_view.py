"""GraphQL over HTTP: what is answered, and what is refused with which status and code."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from domain.identity.model import Role
from tests.support.api import Api, serving, settings_for
from tests.support.toy_schema import TOYS


@pytest.fixture(scope="module")
async def api(
    database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Api]:
    home: Path = tmp_path_factory.mktemp("home")
    settings = settings_for(database_url, redis_url, home, operation_timeout_s=0.5)
    async with serving(settings, **TOYS) as opened:
        yield opened


async def test_a_query_is_answered_with_security_headers(api: Api) -> None:
    answer = await api.post("{ thing { name } }")
    assert (answer.status, answer.data) == (200, {"thing": {"name": "thing"}})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-correlation-id"]


async def test_a_token_names_the_caller(api: Api) -> None:
    answer = await api.post("{ subject }", token=api.token(Role.ADMIN, subject="ada"))
    assert answer.data == {"subject": "ada"}
