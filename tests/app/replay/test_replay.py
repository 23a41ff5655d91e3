"""A replay against the live service: orders through the API, pushes over real sockets."""

import re
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.auth.tokens import development_issuer
from app.client import Refused, Watch, is_answering
from app.replay.documents import WATCH_STOCK
from app.replay.playing import Pace, Replay, Tally
from app.replay.scene import Scene, prepare, tokens_for
from app.replay.timeline import Act
from app.replay.views import View
from schema.ids import global_id
from tests.integrations.conftest import silent
from tests.support.api import Api, serving, settings_for
from tests.support.installation import unico
from tests.support.olist import Files, small

STATUSES = (
    *["delivered"] * 8, *["shipped"] * 3, *["canceled"] * 2, "unavailable", "processing",
    "invoiced", "approved", "created",
)  # fmt: skip
FAST = Pace(speed=10_000_000, longest_pause_s=0.01)


def orders_with_ana(statuses: Sequence[str]) -> Files:
    """An order for each status, and two delivered ones (o19, o20) of Ana's, each of p1 and p2."""
    files = small(statuses)
    files.product("p2")
    for key in ("o19", "o20"):
        files.customer(f"c{key}", "ana")
        files.item(key, 1, "p1", "s1")
        files.item(key, 2, "p2", "s1")
        files.payment(key, "25.00")
        files.order_row(key, f"c{key}", "delivered")
    return files


@pytest.fixture
async def api(clean_database: str, clean_redis: str, tmp_path: Path) -> AsyncGenerator[Api]:
    async with serving(settings_for(clean_database, clean_redis, tmp_path / "home")) as running:
        yield running


async def scene_of(api: Api, directory: Path) -> Scene:
    return await prepare(api.resources.services.database, directory, 20, silent)


async def replayed(api: Api, scene: Scene, run: str) -> tuple[Tally, list[tuple[str, str]]]:
    """The tally, and what was said by whom."""
    said: list[tuple[str, str]] = []

    def say(who: str, text: str, at: datetime | None = None) -> None:
        del at
        said.append((who, text))

    tally = Tally()
    tokens = tokens_for(scene, development_issuer(api.settings), timedelta(hours=1))
    await Replay(scene, tokens, api.url, run, say, tally).play(FAST)
    return tally, said


async def rows(api: Api, query: str) -> list[tuple[Any, ...]]:
    async with api.resources.services.database.reads.connect() as connection:
        return [tuple(row) for row in await connection.execute(sa.text(query))]


@pytest.mark.slow
async def test_orders_are_placed_and_advanced_while_three_parties_watch(
    api: Api, tmp_path: Path
) -> None:
    scene = await scene_of(api, orders_with_ana(STATUSES).write(tmp_path / "data"))

    tally, said = await replayed(api, scene, "R1")

    assert tally.is_complete
    assert not tally.refused
    assert tally.placed == 20
    assert tally.advanced == {
        Act.RELEASE: 15, Act.SHIP: 13, Act.DELIVER: 10, Act.CANCEL: 3, Act.START_PICKING: 1,
        Act.HOLD: 1,
    }  # fmt: skip
    found = await rows(
        api,
        "SELECT status, fulfillment_status, count(*) FROM sales_order GROUP BY 1, 2 ORDER BY 1, 2",
    )
    assert found == [
        ("CANCELLED", "CANCELLED", 3),
        ("CLOSED", "DELIVERED", 10),
        ("CONFIRMED", "IN_PROGRESS", 2),
        ("CONFIRMED", "SHIPPED", 3),
        ("CONFIRMED", "UNFULFILLED", 2),
    ]
    (numbers,) = await rows(
        api,
        "SELECT array_agg(number) FROM sales_order AS o JOIN customer_reference AS r"
        " USING (customer_id) WHERE r.reference = 'ana'",
    )
    for number in numbers[0]:  # Ana and the agent saw each of eight versions, each once
        for view, steps in ((View.CALL_CENTER, range(1, 9)), (View.CUSTOMER, range(3, 9))):
            lines = [text for who, text in said if who == view and f" {number} " in text]
            for step in steps:
                assert sum(f"(v{step})" in line for line in lines) == 1, (view, step, lines)
    assert any("allocated" in text for who, text in said if who == View.POS)
    assert all(tally.pushes[view] > 5 for view in View)


async def test_a_replay_can_be_repeated_and_refusals_are_counted(api: Api, tmp_path: Path) -> None:
    directory = orders_with_ana(["shipped"]).write(tmp_path / "data")
    first, _ = await replayed(api, await scene_of(api, directory), "R1")
    scene = await scene_of(api, directory)
    async with api.resources.services.database.writes.begin() as connection:
        await connection.execute(
            sa.text("UPDATE variant SET active = false WHERE sku = 'olist-p2'")
        )

    again, said = await replayed(api, scene, "R2")

    assert (first.placed, again.placed) == (3, 1)
    assert again.refused == {"PRODUCT_NOT_SELLABLE": 2}
    assert again.advanced == {Act.RELEASE: 1, Act.SHIP: 1}
    assert sum(who == "refused" for who, _ in said) == 2
    assert await rows(api, "SELECT count(*) FROM sales_order") == [(4,)]


async def test_a_view_out_of_scope_is_refused(api: Api, tmp_path: Path) -> None:
    scene = await scene_of(api, small(["delivered"]).write(tmp_path / "data"))
    tokens = tokens_for(scene, development_issuer(api.settings), timedelta(hours=1))
    (customer,) = tokens.customers.values()
    places = [str(global_id("Location", each)) for each in scene.locations.values()]

    def seen(payload: Any) -> None:
        raise AssertionError(payload)

    for token, code in ((customer, "FORBIDDEN"), ("nonsense", "4403")):
        watch = Watch(api.url, token, WATCH_STOCK, {"locations": places}, seen)
        with pytest.raises(Refused) as refusal:
            await watch.run()
        assert refusal.value.code == code


async def test_a_service_that_is_not_there_does_not_answer(api: Api) -> None:
    assert await is_answering(api.url)
    assert not await is_answering("http://127.0.0.1:9")


@pytest.mark.slow
async def test_the_command_prints_views_and_a_summary(api: Api, tmp_path: Path) -> None:
    directory = small(["delivered", "canceled", "shipped"]).write(tmp_path / "data")
    servers = {"DATABASE_URL": api.settings.database_url, "REDIS_URL": api.settings.redis_url}
    pace = ("--speed", "1e9", "--longest-pause", "0")

    command = await unico(
        api.settings.home, "replay", str(directory), "--url", api.url, *pace, **servers
    )
    out, err = await command.communicate()

    assert command.returncode == 0, err.decode()
    text = out.decode()
    assert "Replaying 3 orders" in text
    assert "watches customer personco" in text
    assert re.search(r"orders placed +3\b", text)
    assert "pushes to the customer" in text


async def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    missing = await unico(tmp_path, "replay", str(tmp_path / "nowhere"))
    _, err = await missing.communicate()
    assert (missing.returncode, b"is not a directory" in err) == (1, True)
    directory = small(["delivered"]).write(tmp_path / "data")
    lonely = await unico(tmp_path, "replay", str(directory), "--url", "http://127.0.0.1:9")
    _, err = await lonely.communicate()
    assert (lonely.returncode, b"No Unico answers at" in err) == (1, True)
