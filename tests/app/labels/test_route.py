"""Labels over HTTP: who has the address gets the document, nobody else."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.app.labels.test_documents import fields_of
from tests.support.api import Api, serving, settings_for
from tests.support.carriers import ScriptedCarrier, created, label, packed, rate, set_rates
from tests.support.printed import read_back
from tests.support.stage import NOBODY, Stage, open_stage


async def bought(engine: AsyncEngine, **given: Any) -> tuple[Stage, Any]:
    stage = await open_stage(engine, {"HAT": {"ROME": 5}})
    await set_rates(stage, rate())
    stage.services.carriers = {"SCRIPT": ScriptedCarrier(document=b"%PDF-its own")}
    _, work = await packed(stage)
    return stage, await created(stage, work, **given)


@pytest.fixture
def settings(clean_database: str, clean_redis: str, tmp_path: Path) -> Any:
    return settings_for(clean_database, clean_redis, tmp_path)


async def get(api: Api, path: str) -> Any:
    return await api.client.get(path)


async def test_a_label_is_served_to_whoever_has_its_address(
    engine: AsyncEngine, settings: Any
) -> None:
    stage, made = await bought(engine)
    async with serving(settings) as api:
        page = await get(api, made["url"])
        assert (page.status_code, page.headers["content-type"]) == (200, "application/pdf")
        assert page.headers["cache-control"] == "no-store"
        text, code, _ = read_back(page.content)
        assert code == made["trackingNumber"]
        assert "Ada Verdi" in text
        path, _, token = made["url"].partition("?token=")
        wrong = [path, f"{path}?token=", f"{path}?token={token}x", f"{path}?token=%C3%BC"]
        other = path.replace(".pdf", ".zpl")
        wrong += [f"{other}?token={token}", f"/labels/{NOBODY}.pdf?token={token}", "/labels/x.pdf"]
        for address in wrong:
            assert (await get(api, address)).status_code == 404, address
        assert (await api.client.post(made["url"])).status_code == 405
        await label(stage, "voidLabel", labelId=made["id"])
        gone = await get(api, made["url"])
        assert (gone.status_code, gone.json()["errors"][0]["extensions"]["code"]) == (410, "GONE")


async def test_labels_of_printers_and_of_carriers_are_served(
    engine: AsyncEngine, settings: Any
) -> None:
    stage, made = await bought(engine, format="ZPL")
    _, work = await packed(stage)
    theirs = await created(stage, work, carrier="SCRIPT", service="FAST")
    async with serving(settings) as api:
        zpl = await get(api, made["url"])
        assert zpl.headers["content-type"] == "application/vnd.zebra-zpl"
        assert fields_of(zpl.content)[-1] == f">:{made['trackingNumber']}"
        assert (await get(api, theirs["url"])).content == b"%PDF-its own"
