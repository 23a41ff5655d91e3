"""Levels through GraphQL: what each mutation answers, refuses and leaves untouched."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.identity.model import Actor
from tests.support.actors import ADMIN, OPERATIONS
from tests.support.graphql import Api
from tests.support.mutations import events
from tests.support.stock import (
    level_at,
    movements,
    stock_up,
)
from tests.support.stock_api import (
    ADJUST,
    KEEPERS,
    MANAGER,
    MILAN,
    PICKER,
    RECEIVE,
    ROME,
    SAFETY,
    TILL,
    adjustment,
    allocated,
    assert_sound,
    gid,
    open_api,
    receipt,
    safety,
)


@pytest.fixture
async def api(engine: AsyncEngine, clean_database: str) -> Api:
    return await open_api(engine)


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
