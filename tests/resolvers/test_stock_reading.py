"""Stock through GraphQL: who reads what."""

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.common.ids import LocationId
from domain.identity.model import Actor, Role
from domain.locations.tables import channel_location
from schema.stock import StockLevel
from tests.support.actors import ADMIN, AGENT, EVERYBODY_AND_A_CUSTOMER
from tests.support.graphql import Api
from tests.support.mutations import events
from tests.support.statements import counted_statements
from tests.support.stock import (
    level_at,
    stock_up,
)
from tests.support.stock_api import (
    AMAZON,
    LEVEL,
    LEVELS,
    MANAGER,
    MILAN,
    MOVES,
    ONE,
    PICKER,
    PROMISE,
    ROME,
    TILL,
    WEB_SHOP,
    allocated,
    gid,
    open_api,
)


@pytest.fixture
async def api(engine: AsyncEngine, clean_database: str) -> Api:
    return await open_api(engine)


class TestAvailability:
    async def hat(self, api: Api, **where: Any) -> dict[str, Any]:
        """What can be promised of HAT."""
        data, errors = await api.ask(None, PROMISE, {"skus": ["HAT"], **where})
        assert not errors
        return data["availability"][0]

    async def test_everybody_sees_what_a_channel_can_promise(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await stock_up(engine, 3, "HAT", code="ROME")
        await stock_up(engine, 5, "HAT", "SCARF", code="MILAN")

        for actor in (*EVERYBODY_AND_A_CUSTOMER, TILL):
            answer = await api.do(actor, PROMISE, skus=["SET", "HAT"])
            assert answer == [
                {
                    "sku": "SET",
                    "available": 2,
                    "locations": [{"locationId": gid(MILAN), "available": 2, "distanceKm": None}],
                },
                {
                    "sku": "HAT",
                    "available": 8,
                    "locations": [
                        {"locationId": gid(MILAN), "available": 5, "distanceKm": None},
                        {"locationId": gid(ROME), "available": 3, "distanceKm": None},
                    ],
                },
            ]

    async def test_it_takes_one_statement(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 3, "HAT", "SCARF", "SHOE", code="ROME")

        with counted_statements(engine, ignore="pg_catalog") as seen:
            await api.do(None, PROMISE, skus=["SET", "HAT", "SHOE", "SCARF"])

        assert len(seen) == 1

    async def test_near_a_point(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 3, "HAT", code="ROME")
        await stock_up(engine, 5, "HAT", code="MILAN")
        near = {"latitude": 41.9, "longitude": 12.5, "radiusKm": 50}

        answer = await self.hat(api, near=near)

        assert answer["available"] == 3
        assert answer["locations"][0]["distanceKm"] == pytest.approx(0)

    async def test_at_named_locations(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 3, "HAT", code="ROME")
        await stock_up(engine, 5, "HAT", code="MILAN")

        answer = await self.hat(api, at=[gid(MILAN)])

        assert answer["available"] == 5

    @pytest.mark.parametrize(
        "bad",
        [
            {"skus": []},
            {"skus": ["HAT"], "at": []},
            {"skus": ["HAT"], "at": ["TG9jYXRpb246eA=="]},
            {"skus": ["HAT"], "near": {"latitude": 99, "longitude": 0}},
        ],
    )
    async def test_bad_arguments(self, api: Api, bad: dict[str, Any]) -> None:
        data, errors = await api.ask(None, PROMISE, bad)

        assert (data, errors) == ({}, ["VALIDATION_FAILED"])


SEES_ROME = [ADMIN, AGENT, TILL, MANAGER, PICKER, WEB_SHOP]
SEES_NOTHING = [
    Actor("till-2", Role.POS, location_ids=frozenset({MILAN})),
    Actor("till-3", Role.POS),
    AMAZON,
]


class TestReading:
    async def rome(self, engine: AsyncEngine) -> dict[str, Any]:
        """Where HAT is in ROME, with a movement in it."""
        await stock_up(engine, 5, "HAT")
        return {"sku": "HAT", "at": gid(ROME)}

    @pytest.mark.parametrize("actor", SEES_ROME)
    async def test_levels_and_movements_in_scope(
        self, api: Api, engine: AsyncEngine, actor: Actor
    ) -> None:
        where = await self.rome(engine)
        level = await level_at(engine, "HAT")

        found = await api.do(actor, ONE, **where)
        listed = await api.do(actor, LEVELS, at=where["at"])
        node = await api.do(
            actor,
            f"query($id: ID!) {{ node(id: $id) {{ ... on StockLevel {{ {LEVEL} }} }} }}",
            id=found["id"],
        )

        assert found == node == listed["edges"][0]["node"]
        assert found["id"] == str(relay.GlobalID("StockLevel", str(level.id)))
        assert (found["onHand"], found["available"], found["version"]) == (5, 5, 1)
        moved = await api.do(actor, MOVES.replace(" actor ", " "), **where)
        assert [edge["node"]["quantity"] for edge in moved["edges"]] == [5]

    @pytest.mark.parametrize("actor", SEES_NOTHING)
    async def test_unknown_and_invisible_look_alike(
        self, api: Api, engine: AsyncEngine, actor: Actor
    ) -> None:
        where = await self.rome(engine)
        empty = {"totalCount": 0, "edges": []}
        level = await level_at(engine, "HAT")

        for place_id in (where["at"], gid(uuid4())):
            assert await api.do(actor, ONE, sku="HAT", at=place_id) is None
            listed = await api.do(actor, LEVELS, at=place_id)
            moved = await api.do(actor, MOVES.replace(" actor ", " "), sku="HAT", at=place_id)
            assert {key: listed[key] for key in empty} == empty
            assert {key: moved[key] for key in empty} == empty
        for key in (level.id, uuid4()):
            wanted = str(relay.GlobalID("StockLevel", str(key)))
            assert (
                await api.do(actor, "query($id: ID!) { node(id: $id) { id } }", id=wanted) is None
            )

    @pytest.mark.parametrize(("document", "root"), [(ONE, "stockLevel"), (LEVELS, ""), (MOVES, "")])
    async def test_customers_and_strangers_are_refused(
        self, api: Api, engine: AsyncEngine, document: str, root: str
    ) -> None:
        where = await self.rome(engine)
        given = where if "$sku:" in document else {"at": where["at"]}

        for actor in (None, Actor("c", Role.CUSTOMER)):
            data, errors = await api.ask(actor, document, given)
            assert errors == ["UNAUTHENTICATED" if actor is None else "FORBIDDEN"]
            assert data == ({root: None} if root else {})

    async def test_levels_come_by_sku_in_pages(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "SHOE", "HAT", "SCARF")

        first = await api.do(TILL, LEVELS, at=gid(ROME), first=2)
        end = first["pageInfo"]["endCursor"]
        rest = await api.do(TILL, LEVELS, at=gid(ROME), first=2, after=end)

        pages = [[edge["node"]["sku"] for edge in page["edges"]] for page in (first, rest)]
        assert pages == [["HAT", "SCARF"], ["SHOE"]]
        assert [page["pageInfo"]["hasNextPage"] for page in (first, rest)] == [True, False]
        assert first["totalCount"] == rest["totalCount"] == 3

    async def test_levels_of_given_skus(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "SHOE", "HAT", "SCARF")

        found = await api.do(TILL, LEVELS, at=gid(ROME), skus=["SHOE", "NONE"])

        assert [edge["node"]["sku"] for edge in found["edges"]] == ["SHOE"]
        assert found["totalCount"] == 1

    async def test_movements_come_newest_first_in_pages(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        for units in (1, 2, 3):
            await stock_up(engine, units, "HAT")

        first = await api.do(ADMIN, MOVES, sku="HAT", at=gid(ROME), first=2)
        end = first["pageInfo"]["endCursor"]
        rest = await api.do(ADMIN, MOVES, sku="HAT", at=gid(ROME), first=2, after=end)

        pages = [[edge["node"]["quantity"] for edge in page["edges"]] for page in (first, rest)]
        assert pages == [[3, 2], [1]]
        assert first["totalCount"] == 3
        newest = first["edges"][0]["node"]
        assert (newest["from"], newest["to"], newest["reason"]) == ("EXTERNAL", "FREE", "RECEIVED")
        assert (newest["reference"], newest["actor"]) == ("PO-1", "TEST")
        assert newest["locationId"] == gid(ROME)

    async def test_an_integration_does_not_see_who_moved_units(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        where = await self.rome(engine)

        data, errors = await api.ask(WEB_SHOP, MOVES, where)

        assert errors == ["FORBIDDEN"]
        assert data["stockMovements"]["edges"][0]["node"]["actor"] is None

    @pytest.mark.parametrize(
        ("document", "bad"),
        [
            (LEVELS, {"first": 0}),
            (LEVELS, {"first": 101}),
            (LEVELS, {"after": "nonsense"}),
            (LEVELS, {"after": "WzFd"}),  # A number, where this list has texts.
            (LEVELS, {"skus": [str(n) for n in range(1001)]}),
            (LEVELS, {"at": "TG9jYXRpb246eA=="}),
            (MOVES, {"first": 0, "sku": "HAT"}),
            (MOVES, {"after": "WyJIQVQiXQ", "sku": "HAT"}),  # A text, where it has numbers.
            (MOVES, {"after": "é", "sku": "HAT"}),
        ],
    )
    async def test_bad_arguments(self, api: Api, document: str, bad: dict[str, Any]) -> None:
        data, errors = await api.ask(ADMIN, document, {"at": gid(ROME), **bad})

        assert (data, errors) == ({}, ["VALIDATION_FAILED"])

    async def test_pages_take_one_statement_and_count_only_when_asked(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await stock_up(engine, 5, "SHOE", "HAT", "SCARF")

        with counted_statements(engine, ignore="pg_catalog") as seen:
            await api.do(TILL, LEVELS.replace("totalCount", ""), at=gid(ROME))
            await api.do(TILL, MOVES.replace("totalCount", ""), at=gid(ROME), sku="HAT")

        assert len(seen) == 2


async def test_a_payload_of_the_event_shows_the_level(api: Api, engine: AsyncEngine) -> None:
    await stock_up(engine, 5, "HAT")
    await allocated(engine, 2)

    payload = (await events(engine))[-1]["payload"]

    assert StockLevel.of_payload(payload) == StockLevel.of_level(await level_at(engine, "HAT"))


async def test_a_location_that_leaves_the_channel_is_no_longer_seen_by_it(
    api: Api, engine: AsyncEngine
) -> None:
    await stock_up(engine, 5, "HAT")
    here = channel_location.c.location_id == LocationId(ROME)
    async with engine.begin() as connection:
        await connection.execute(sa.delete(channel_location).where(here))

    assert await api.do(WEB_SHOP, ONE, sku="HAT", at=gid(ROME)) is None
