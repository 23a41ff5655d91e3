"""Carts through GraphQL: units kept for a while and given back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.identity.model import Actor, Role
from domain.stock.tables import reservation
from tests.support.actors import ADMIN, AGENT
from tests.support.graphql import Api
from tests.support.statements import counted_statements
from tests.support.stock import (
    level_at,
    stock_up,
)
from tests.support.stock_api import (
    AMAZON,
    KEEPERS,
    MILAN,
    RELEASE,
    RESERVE,
    ROME,
    TILL,
    WEB_SHOP,
    assert_sound,
    cart,
    gid,
    open_api,
)


@pytest.fixture
async def api(engine: AsyncEngine, clean_database: str) -> Api:
    return await open_api(engine)


class TestReserveStock:
    async def test_contract(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT")

        done = await RESERVE.check_contract(
            api,
            engine,
            TILL,
            cart(("HAT", 2), ttlSeconds=60),
            other={"ttlSeconds": 61},
            allowed=(*KEEPERS, AGENT, WEB_SHOP),
        )

        kept = done["reservation"]
        assert kept["lines"] == [{"sku": "HAT", "locationId": gid(ROME), "quantity": 2}]
        level = await level_at(engine, "HAT")
        assert (level.reserved, level.available, level.version) == (2, 3, 2)
        until = datetime.fromisoformat(kept["expiresAt"])
        assert until - level.updated_at == timedelta(seconds=60)
        async with engine.connect() as connection:
            assert await connection.scalar(sa.select(reservation.c.expires_at)) == until
        await assert_sound(engine)

    async def test_a_kit_is_kept_as_its_components(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT", "SCARF")

        done = await RESERVE.succeed(api, AGENT, cart(("SET", 2), ("SCARF", 1)))

        kept = [(line["sku"], line["quantity"]) for line in done["reservation"]["lines"]]
        assert kept == [("HAT", 2), ("SCARF", 5)]
        assert (await level_at(engine, "SCARF")).available == 0
        await assert_sound(engine)

    async def test_a_kit_and_its_component_compete(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT")
        await stock_up(engine, 2, "SCARF")

        error = await RESERVE.refused(api, engine, AGENT, cart(("SET", 1), ("SCARF", 1)))

        assert (error["sku"], error["requested"], error["available"]) == ("SCARF", 3, 2)

    async def test_a_till_keeps_units_of_another_store_for_its_customer(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await stock_up(engine, 5, "HAT", code="MILAN")

        await RESERVE.succeed(api, TILL, cart(("HAT", 2), at=MILAN))

        assert (await level_at(engine, "HAT", "MILAN")).reserved == 2

    async def test_a_channel_keeps_units_of_its_locations_only(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await stock_up(engine, 5, "HAT")
        await RESERVE.succeed(api, WEB_SHOP, cart(("HAT", 1)))

        error = await RESERVE.refused(api, engine, AMAZON, cart(("HAT", 1)))

        assert error["code"] == "FORBIDDEN"

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            (cart(("HAT", 6)), "INSUFFICIENT_STOCK"),
            (cart(("HAT", 3), ("HAT", 3)), "INSUFFICIENT_STOCK"),
            (cart(("HAT", 1), at=uuid4()), "INSUFFICIENT_STOCK"),
            (cart(("NONE", 1)), "NOT_FOUND"),
            (cart(), "VALIDATION_FAILED"),
            (cart(("HAT", 0)), "VALIDATION_FAILED"),
            (cart(("SET", 1), expects=1), "VALIDATION_FAILED"),
            (cart(("HAT", 1), ttlSeconds=0), "VALIDATION_FAILED"),
            (cart(("HAT", 1), ttlSeconds=3601), "VALIDATION_FAILED"),
        ],
    )
    async def test_refusals(
        self, api: Api, engine: AsyncEngine, given: dict[str, Any], code: str
    ) -> None:
        await stock_up(engine, 5, "HAT")

        assert (await RESERVE.refused(api, engine, AGENT, given))["code"] == code

    async def test_a_stale_version_is_refused(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT")

        error = await RESERVE.refused(api, engine, AGENT, cart(("HAT", 1), expects=4))

        assert (error["code"], error["actual"]) == ("VERSION_CONFLICT", 1)


class TestReleaseReservation:
    async def kept(self, api: Api, actor: Actor, key: str = "keep") -> str:
        given = cart(("HAT", 2), ("SCARF", 1), key=key)
        return (await RESERVE.succeed(api, actor, given))["reservation"]["id"]

    async def test_the_units_are_free_again(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT", "SCARF")
        held, other = await self.kept(api, TILL), await self.kept(api, TILL, "other")
        given = {"idempotencyKey": "k1", "reservationId": held}
        await RELEASE.check_roles(api, engine, given, (*KEEPERS, AGENT, WEB_SHOP))

        done = await RELEASE.succeed(api, TILL, given)

        assert done["reservationId"] == held
        assert done["released"] is True
        assert (await level_at(engine, "HAT")).reserved == 2
        assert await RELEASE.succeed(api, TILL, given) == done
        conflict = await RELEASE.refused(api, engine, TILL, {**given, "reservationId": other})
        assert conflict["code"] == "IDEMPOTENCY_CONFLICT"
        again = await RELEASE.succeed(api, TILL, {**given, "idempotencyKey": "k2"})
        assert again["released"] is False
        assert (await level_at(engine, "HAT")).reserved == 2
        await assert_sound(engine)

    @pytest.mark.parametrize("actor", [ADMIN, Actor("till-2", Role.POS), WEB_SHOP])
    async def test_nobody_else_can_release_it(
        self, api: Api, engine: AsyncEngine, actor: Actor
    ) -> None:
        await stock_up(engine, 5, "HAT", "SCARF")
        held = await self.kept(api, TILL)

        error = await RELEASE.refused(
            api, engine, actor, {"idempotencyKey": "k1", "reservationId": held}
        )

        assert error["code"] == "NOT_FOUND"

    async def test_another_kind_of_id_is_refused(self, api: Api, engine: AsyncEngine) -> None:
        error = await RELEASE.refused(
            api, engine, TILL, {"idempotencyKey": "k1", "reservationId": gid(ROME)}
        )

        assert error["code"] == "VALIDATION_FAILED"


@pytest.mark.parametrize("statements", [3])
async def test_a_cart_is_kept_in_few_statements(
    api: Api, engine: AsyncEngine, statements: int
) -> None:
    await stock_up(engine, 5, "HAT", "SCARF")

    with counted_statements(engine, ignore="idempotency_key") as seen:
        await RESERVE.succeed(api, AGENT, cart(("SET", 1), ("HAT", 1)))

    assert len(seen) == statements, seen
