"""Stock through GraphQL: who reads which, and what each mutation answers, refuses and leaves."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.common.ids import ChannelCode, LocationId, Sku
from domain.identity.model import Actor, Role
from domain.locations.tables import channel_location
from domain.stock.allocation import allocate
from domain.stock.audit import violations
from domain.stock.model import Demand
from domain.stock.tables import reservation
from resolvers.node import NodeQuery
from resolvers.stock import StockMutation, StockQuery
from schema.stock import StockLevel
from tests.support.actors import ADMIN, AGENT, EVERYBODY_AND_A_CUSTOMER, OPERATIONS, channel
from tests.support.graphql import Api
from tests.support.mutations import Mutation, api_of, events
from tests.support.statements import counted_statements
from tests.support.stock import (
    World,
    build,
    database_of,
    level_at,
    movements,
    place,
    stock_up,
)

ROME, MILAN = place("ROME"), place("MILAN")
TILL = Actor("till-1", Role.POS, location_ids=frozenset({ROME}))
MANAGER = Actor("rita", Role.STORE_MANAGER, location_ids=frozenset({ROME}))
PICKER = Actor("piero", Role.WAREHOUSE, location_ids=frozenset({ROME}))
WEB_SHOP = channel("WEB")
AMAZON = Actor("amazon", Role.CHANNEL, channel_codes=frozenset({ChannelCode("AMAZON")}))
KEEPERS = (PICKER, MANAGER, TILL, OPERATIONS, ADMIN)

LEVEL = """id sku locationId onHand allocated reserved safetyStock available version updatedAt
  unavailable { damaged inspection qualityHold display }"""
SHORT = "... on InsufficientStockError { sku locationId requested available }"
RECEIVE = Mutation("receiveStock", f"levels {{ {LEVEL} }}")
ADJUST = Mutation("adjustStock", f"level {{ {LEVEL} }}", SHORT)
SAFETY = Mutation("setSafetyStock", f"level {{ {LEVEL} }}")
RESERVE = Mutation(
    "reserveStock", "reservation { id expiresAt lines { sku locationId quantity } }", SHORT
)
RELEASE = Mutation("releaseReservation", "reservationId released")
LEVELS = f"""query($at: ID!, $skus: [String!], $first: Int! = 20, $after: String) {{
  stockLevels(locationId: $at, skus: $skus, first: $first, after: $after) {{ totalCount
  pageInfo {{ hasNextPage endCursor }} edges {{ cursor node {{ {LEVEL} }} }} }} }}"""
ONE = f"query($sku: String!, $at: ID!) {{ stockLevel(sku: $sku, locationId: $at) {{ {LEVEL} }} }}"
MOVES = """query($sku: String!, $at: ID!, $first: Int! = 20, $after: String) {
  stockMovements(sku: $sku, locationId: $at, first: $first, after: $after) { totalCount
  pageInfo { hasNextPage endCursor }
  edges { node { sku locationId from to quantity reason reference actor at } } } }"""
PROMISE = """query($skus: [String!]!, $channel: String! = "WEB", $at: [ID!], $near: NearestInput) {
  availability(skus: $skus, channel: $channel, locationIds: $at, near: $near) {
  sku available locations { locationId available distanceKm } } }"""


@strawberry.type
class Query(StockQuery, NodeQuery):
    pass


@pytest.fixture
async def api(engine: AsyncEngine, clean_database: str) -> Api:
    """The API over HAT, SCARF, SHOE and the kit SET of 1 HAT and 2 SCARFs, in ROME and MILAN."""
    skus = ("HAT", "SCARF", "SHOE")
    kits = {"SET": {"HAT": 1, "SCARF": 2}}
    await build(engine, World(skus=skus, locations=("ROME", "MILAN"), kits=kits))
    return api_of(engine, Query, StockMutation)


def gid(location_id: UUID) -> str:
    return str(relay.GlobalID("Location", str(location_id)))


def receipt(key: str = "k1", at: UUID = ROME, **changes: Any) -> dict[str, Any]:
    """Input of receiveStock: 5 HATs, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "locationId": gid(at),
        "lines": [{"sku": "HAT", "quantity": 5}],
        "reference": "DN-77",
    }
    return {**given, **changes}


def adjustment(
    change: dict[str, Any], reason: str = "CORRECTION", key: str = "k1", **changes: Any
) -> dict[str, Any]:
    """Input of adjustStock for HAT in ROME, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "sku": "HAT",
        "locationId": gid(ROME),
        "reason": reason,
        "change": change,
    }
    return {**given, **changes}


def safety(units: int, key: str = "k1", **changes: Any) -> dict[str, Any]:
    """Input of setSafetyStock for HAT in ROME, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "sku": "HAT",
        "locationId": gid(ROME),
        "safetyStock": units,
    }
    return {**given, **changes}


def cart(
    *lines: tuple[str, int],
    key: str = "k1",
    at: UUID = ROME,
    expects: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Input of reserveStock; every line expects this version."""
    wanted = [
        {"sku": sku, "locationId": gid(at), "quantity": units, "expectedVersion": expects}
        for sku, units in lines
    ]
    return {"idempotencyKey": key, "lines": wanted, **more}


async def assert_sound(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await violations(connection) == []


async def allocated(engine: AsyncEngine, units: int) -> None:
    wanted = [Demand(Sku("HAT"), ROME, units)]
    await database_of(engine).run(
        lambda tx: allocate(tx, wanted, owner="order:1", reference="order:1"), actor_key="TEST"
    )


class TestReceiveStock:
    async def test_contract(self, api: Api, engine: AsyncEngine) -> None:
        done = await RECEIVE.check_contract(
            api, engine, TILL, receipt(), other={"reference": "DN-78"}, allowed=KEEPERS
        )

        (level,) = done["levels"]
        assert (level["sku"], level["locationId"]) == ("HAT", gid(ROME))
        assert (level["onHand"], level["available"], level["version"]) == (5, 5, 1)
        assert await movements(engine) == [("HAT", "EXTERNAL", "FREE", 5, "RECEIVED")]
        await assert_sound(engine)

    async def test_lines_are_added_up_and_raise_what_is_there(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await RECEIVE.succeed(api, ADMIN, receipt())
        lines = [{"sku": sku, "quantity": 2} for sku in ("SCARF", "HAT", "HAT")]

        done = await RECEIVE.succeed(api, ADMIN, receipt("k2", lines=lines))

        found = [(each["sku"], each["onHand"], each["version"]) for each in done["levels"]]
        assert found == [("HAT", 9, 2), ("SCARF", 2, 1)]
        await assert_sound(engine)

    @pytest.mark.parametrize("into", ["INSPECTION", "QUALITY_HOLD"])
    async def test_goods_may_wait_before_they_are_for_sale(
        self, api: Api, engine: AsyncEngine, into: str
    ) -> None:
        done = await RECEIVE.succeed(api, PICKER, receipt(into=into))

        (level,) = done["levels"]
        assert (level["onHand"], level["available"]) == (5, 0)
        assert sorted(level["unavailable"].values()) == [0, 0, 0, 5]
        await assert_sound(engine)

    @pytest.mark.parametrize("actor", [TILL, MANAGER, PICKER])
    async def test_not_at_another_location(
        self, api: Api, engine: AsyncEngine, actor: Actor
    ) -> None:
        error = await RECEIVE.refused(api, engine, actor, receipt(at=MILAN))

        assert error["__typename"] == "ForbiddenError"

    async def test_a_stale_version_is_refused(self, api: Api, engine: AsyncEngine) -> None:
        await RECEIVE.succeed(api, ADMIN, receipt())
        first = [{"sku": "HAT", "quantity": 1, "expectedVersion": 0}]

        error = await RECEIVE.refused(api, engine, ADMIN, receipt("k2", lines=first))

        assert (error["code"], error["expected"], error["actual"]) == ("VERSION_CONFLICT", 0, 1)

    async def test_the_expected_version_may_be_none_yet(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        first = [{"sku": "HAT", "quantity": 1, "expectedVersion": 0}]

        await RECEIVE.succeed(api, ADMIN, receipt(lines=first))

        assert (await level_at(engine, "HAT")).version == 1

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"lines": []}, "VALIDATION_FAILED"),
            ({"lines": [{"sku": "HAT", "quantity": 0}]}, "VALIDATION_FAILED"),
            ({"lines": [{"sku": "HAT", "quantity": 1_000_001}]}, "VALIDATION_FAILED"),
            ({"lines": [{"sku": "SET", "quantity": 1}]}, "VALIDATION_FAILED"),
            ({"lines": [{"sku": "NONE", "quantity": 1}]}, "NOT_FOUND"),
            ({"into": "ALLOCATED"}, "VALIDATION_FAILED"),
            ({"locationId": gid(uuid4())}, "NOT_FOUND"),
            ({"locationId": str(relay.GlobalID("Order", str(ROME)))}, "VALIDATION_FAILED"),
            ({"reference": "x" * 129}, "VALIDATION_FAILED"),
            ({"idempotencyKey": ""}, "VALIDATION_FAILED"),
        ],
    )
    async def test_bad_input_is_refused(
        self, api: Api, engine: AsyncEngine, changes: dict[str, Any], code: str
    ) -> None:
        error = await RECEIVE.refused(api, engine, ADMIN, {**receipt(), **changes})

        assert error["code"] == code

    async def test_the_same_key_at_once_is_one_receipt(self, api: Api, engine: AsyncEngine) -> None:
        answers = await asyncio.gather(*[RECEIVE.succeed(api, ADMIN, receipt()) for _ in range(8)])

        assert all(answer == answers[0] for answer in answers)
        assert (await level_at(engine, "HAT")).on_hand == 5
        assert len(await events(engine)) == 1


class TestAdjustStock:
    async def test_contract(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT")

        done = await ADJUST.check_contract(
            api,
            engine,
            MANAGER,
            adjustment({"delta": -2}, "THEFT"),
            other={"change": {"delta": -1}},
            allowed=KEEPERS,
        )

        assert (done["level"]["onHand"], done["level"]["version"]) == (3, 2)
        assert (await movements(engine))[-1] == ("HAT", "FREE", "EXTERNAL", 2, "THEFT")
        await assert_sound(engine)

    async def test_units_that_turned_up_may_be_the_first(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        done = await ADJUST.succeed(api, ADMIN, adjustment({"delta": 3}, "FOUND"))

        assert (done["level"]["onHand"], done["level"]["version"]) == (3, 1)
        await assert_sound(engine)

    async def test_damaged_units_stay_on_hand_and_are_not_for_sale(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await stock_up(engine, 5, "HAT")
        move = {"from": "FREE", "to": "DAMAGED", "quantity": 2}

        done = await ADJUST.succeed(api, TILL, adjustment({"move": move}, "DAMAGE"))

        level = done["level"]
        assert (level["onHand"], level["available"]) == (5, 3)
        assert level["unavailable"] == {
            "damaged": 2, "inspection": 0, "qualityHold": 0, "display": 0,
        }  # fmt: skip
        await assert_sound(engine)

    @pytest.mark.parametrize(
        ("counted", "moved"),
        [
            (3, ("HAT", "FREE", "EXTERNAL", 2, "COUNT")),
            (9, ("HAT", "EXTERNAL", "FREE", 4, "COUNT")),
        ],
    )
    async def test_a_count_says_what_is_there(
        self, api: Api, engine: AsyncEngine, counted: int, moved: tuple[str, str, str, int, str]
    ) -> None:
        await stock_up(engine, 5, "HAT")
        await allocated(engine, 2)

        done = await ADJUST.succeed(api, MANAGER, adjustment({"count": counted}, "COUNT"))

        assert (done["level"]["onHand"], done["level"]["allocated"]) == (counted, 2)
        assert (await movements(engine))[-1] == moved
        await assert_sound(engine)

    async def test_a_count_that_confirms_the_books_moves_nothing(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await stock_up(engine, 5, "HAT")
        before = await movements(engine)

        done = await ADJUST.succeed(api, MANAGER, adjustment({"count": 5}, "COUNT"))

        assert (done["level"]["onHand"], done["level"]["version"]) == (5, 2)
        assert await movements(engine) == before
        await assert_sound(engine)

    async def test_a_count_may_be_the_first(self, api: Api, engine: AsyncEngine) -> None:
        done = await ADJUST.succeed(api, MANAGER, adjustment({"count": 4}, "COUNT"))

        assert (done["level"]["onHand"], done["level"]["version"]) == (4, 1)
        await assert_sound(engine)

    async def test_fewer_than_are_claimed_cannot_be_counted(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await stock_up(engine, 5, "HAT")
        await allocated(engine, 3)

        error = await ADJUST.refused(api, engine, MANAGER, adjustment({"count": 2}, "COUNT"))

        assert error["code"] == "INSUFFICIENT_STOCK"
        assert (error["sku"], error["locationId"]) == ("HAT", gid(ROME))
        assert (error["requested"], error["available"]) == (3, 2)

    async def test_units_that_are_not_there_cannot_move(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        move = {"from": "DISPLAY", "to": "FREE", "quantity": 1}

        error = await ADJUST.refused(api, engine, TILL, adjustment({"move": move}, "DISPLAY"))

        assert (error["code"], error["available"]) == ("INSUFFICIENT_STOCK", 0)

    @pytest.mark.parametrize("actor", [TILL, MANAGER, PICKER])
    async def test_not_at_another_location(
        self, api: Api, engine: AsyncEngine, actor: Actor
    ) -> None:
        await stock_up(engine, 5, "HAT", code="MILAN")
        move = {"from": "FREE", "to": "DAMAGED", "quantity": 1}
        given = adjustment({"move": move}, "DAMAGE", locationId=gid(MILAN))

        error = await ADJUST.refused(api, engine, actor, given)

        assert error["code"] == "FORBIDDEN"

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"count": 4}, "COUNT"),
            ({"delta": -1}, "THEFT"),
            ({"delta": 1}, "FOUND"),
            ({"delta": 1}, "CORRECTION"),
        ],
    )
    async def test_a_till_adjusts_for_damage_and_display_only(
        self, api: Api, engine: AsyncEngine, change: dict[str, Any], reason: str
    ) -> None:
        await stock_up(engine, 5, "HAT")

        error = await ADJUST.refused(api, engine, TILL, adjustment(change, reason))

        assert error["code"] == "FORBIDDEN"

    async def test_a_stale_version_is_refused(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT")

        for number, change in enumerate(({"delta": -1}, {"count": 4})):
            given = adjustment(change, key=f"k{number}", expectedVersion=7)
            error = await ADJUST.refused(api, engine, MANAGER, given)
            assert (error["code"], error["actual"]) == ("VERSION_CONFLICT", 1)

    async def test_the_present_version_is_accepted(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT")

        await ADJUST.succeed(api, MANAGER, adjustment({"count": 4}, expectedVersion=1))

        assert (await level_at(engine, "HAT")).on_hand == 4

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            (adjustment({"delta": 0}), "VALIDATION_FAILED"),
            (adjustment({"delta": 2_000_000}), "VALIDATION_FAILED"),
            (adjustment({"count": -1}, "COUNT"), "VALIDATION_FAILED"),
            (adjustment({"count": 1}, "THEFT"), "VALIDATION_FAILED"),
            (adjustment({"delta": 1}, "COUNT"), "VALIDATION_FAILED"),
            (adjustment({"delta": 1}, "THEFT"), "VALIDATION_FAILED"),
            (
                adjustment({"move": {"from": "FREE", "to": "ALLOCATED", "quantity": 1}}),
                "VALIDATION_FAILED",
            ),
            (adjustment({"delta": 1}, sku="NONE"), "NOT_FOUND"),
            (adjustment({"delta": 1}, sku="SET"), "VALIDATION_FAILED"),
            (adjustment({"delta": 1}, locationId=gid(uuid4())), "NOT_FOUND"),
            (adjustment({"delta": 1}, reference="x" * 129), "VALIDATION_FAILED"),
        ],
    )
    async def test_bad_input_is_refused(
        self, api: Api, engine: AsyncEngine, given: dict[str, Any], code: str
    ) -> None:
        error = await ADJUST.refused(api, engine, ADMIN, given)

        assert error["code"] == code

    @pytest.mark.parametrize("change", [{}, {"delta": 1, "count": 2}])
    async def test_a_change_is_exactly_one(self, api: Api, change: dict[str, Any]) -> None:
        _, errors = await api.ask(ADMIN, ADJUST.document, {"input": adjustment(change)})

        assert len(errors) == 1


class TestSetSafetyStock:
    async def test_contract(self, api: Api, engine: AsyncEngine) -> None:
        await stock_up(engine, 5, "HAT")

        done = await SAFETY.check_contract(
            api,
            engine,
            PICKER,
            safety(2),
            other={"safetyStock": 3},
            allowed=(PICKER, MANAGER, OPERATIONS, ADMIN),
        )

        level = done["level"]
        assert (level["safetyStock"], level["available"], level["version"]) == (2, 3, 2)
        await assert_sound(engine)

    async def test_more_than_there_is_leaves_nothing_to_promise(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        await stock_up(engine, 5, "HAT")
        await allocated(engine, 2)

        done = await SAFETY.succeed(api, ADMIN, safety(100))

        assert (done["level"]["available"], done["level"]["allocated"]) == (0, 2)

    async def test_it_may_be_set_before_the_first_receipt(
        self, api: Api, engine: AsyncEngine
    ) -> None:
        done = await SAFETY.succeed(api, ADMIN, safety(2))

        assert (done["level"]["onHand"], done["level"]["version"]) == (0, 1)
        await assert_sound(engine)

    @pytest.mark.parametrize(
        ("actor", "given", "code"),
        [
            (MANAGER, safety(2, locationId=gid(MILAN)), "FORBIDDEN"),
            (ADMIN, safety(2, expectedVersion=3), "VERSION_CONFLICT"),
            (ADMIN, safety(-1), "VALIDATION_FAILED"),
            (ADMIN, safety(1_000_001), "VALIDATION_FAILED"),
            (ADMIN, safety(2, sku="SET"), "VALIDATION_FAILED"),
            (ADMIN, safety(2, sku="NONE"), "NOT_FOUND"),
        ],
    )
    async def test_refusals(
        self, api: Api, engine: AsyncEngine, actor: Actor, given: dict[str, Any], code: str
    ) -> None:
        await stock_up(engine, 5, "HAT")

        assert (await SAFETY.refused(api, engine, actor, given))["code"] == code


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


@pytest.mark.parametrize("statements", [3])
async def test_a_cart_is_kept_in_few_statements(
    api: Api, engine: AsyncEngine, statements: int
) -> None:
    await stock_up(engine, 5, "HAT", "SCARF")

    with counted_statements(engine, ignore="idempotency_key") as seen:
        await RESERVE.succeed(api, AGENT, cart(("SET", 1), ("HAT", 1)))

    assert len(seen) == statements, seen
