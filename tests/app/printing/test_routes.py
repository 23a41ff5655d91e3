"""Pick lists over HTTP: who gets them, and as what."""

from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Role
from tests.support.api import Api, serving, settings_for
from tests.support.printed import barcodes_of, text_of
from tests.support.shop import MILAN, ROME
from tests.support.stage import location_id, open_stage

MAKE = """mutation($input: CreatePickListInput!) { createPickList(input: $input) {
  ... on CreatePickListPayload { pickList { number htmlUrl pdfUrl
    lines { orders { orderNumber } } } } ... on Error { code } } }"""


@pytest.fixture
async def api(
    engine: AsyncEngine, clean_database: str, clean_redis: str, tmp_path: Path
) -> AsyncGenerator[Api]:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    order = await stage.placed(lines={"HAT": 2})
    await stage.change("releaseOrder", order["id"])
    async with serving(settings_for(clean_database, clean_redis, tmp_path)) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_the_list_is_served_to_those_who_work_there(api: Api) -> None:
    till = api.token(Role.POS, locations=(ROME,))
    given = {"input": {"idempotencyKey": "k", "locationId": location_id("ROME")}}
    made = (await api.post(MAKE, given, token=till)).data["createPickList"]["pickList"]
    number = made["lines"][0]["orders"][0]["orderNumber"]

    document = await api.client.get(made["pdfUrl"], headers=bearer(till))
    assert (document.status_code, document.headers["content-type"]) == (200, "application/pdf")
    assert document.headers["content-disposition"] == f'inline; filename="{made["number"]}.pdf"'
    assert document.headers["cache-control"] == "no-store"
    assert "Rome (ROME)" in text_of(document.content)
    assert [text for _, text in barcodes_of(document.content)] == sorted([made["number"], number])

    page = await api.client.get(made["htmlUrl"], headers=bearer(till))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    served = page.headers["content-security-policy"]
    assert served.startswith("default-src 'none'; style-src 'sha256-")
    assert number in page.text
    assert "Ada" not in page.text

    for url in (made["pdfUrl"], made["htmlUrl"]):
        for token, status in (
            (api.token(Role.OPERATIONS), 200),
            (api.token(Role.WAREHOUSE, locations=(ROME, MILAN)), 200),
            (api.token(Role.POS, locations=(MILAN,)), 404),
            (api.token(Role.CALL_CENTER), 403),
            (api.token(Role.CHANNEL), 403),
            ("nonsense", 401),
        ):
            answer = await api.client.get(url, headers=bearer(token))
            assert answer.status_code == status, token
        assert (await api.client.get(url)).status_code == 401
        assert (await api.client.post(url, headers=bearer(till))).status_code == 405


@pytest.mark.parametrize("name", [f"{UUID(int=7)}.pdf", f"{UUID(int=7)}.html", "x.pdf", "", "7"])
async def test_an_unknown_list_is_404(api: Api, name: str) -> None:
    answer = await api.client.get(f"/pick-lists/{name}", headers=bearer(api.token(Role.ADMIN)))
    assert answer.status_code == 404
