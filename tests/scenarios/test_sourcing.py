"""Where orders are served from, and why: S16 to S19 and S26 to S28, through GraphQL only."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalog.tables import variant
from domain.locations.tables import location
from tests.support import stock
from tests.support.shop import ADMIN, AGENT, ROME_MANAGER, customer
from tests.support.sourcing_stage import (
    decision,
    decisions,
    in_force,
    served_by,
)
from tests.support.stage import ORDER, Stage, location_id, open_stage, wish

TO_SPAIN = {
    "mode": "SHIP",
    "address": {
        "recipient": "Ana Ruiz", "street": "Calle Mayor 1", "city": "Madrid", "postalCode": "28013",
        "country": "ES", "latitude": 40.4168, "longitude": -3.7038,
    },
}  # fmt: skip


@pytest.fixture
async def stage(engine: AsyncEngine, clean_database: str) -> Stage:
    """ROME is a store, MILAN the DC, MADRID a supplier; HATs everywhere, SCARFs not in Rome."""
    stage = await open_stage(
        engine, {"HAT": {"ROME": 5, "MILAN": 5, "MADRID": 5}, "SCARF": {"MILAN": 5, "MADRID": 5}}
    )
    kinds = {"ROME": "STORE", "MILAN": "DC", "MADRID": "SUPPLIER"}
    async with engine.begin() as connection:
        for code, kind in kinds.items():
            await connection.execute(
                sa.update(location).where(location.c.id == stock.place(code)).values(kind=kind)
            )
    return stage


async def tag(stage: Stage, sku: str, *tags: str) -> None:
    """The catalogue tags a SKU."""
    async with stage.engine.begin() as connection:
        await connection.execute(
            sa.update(variant).where(variant.c.sku == sku).values(tags=list(tags))
        )


async def ready_made(stage: Stage, name: str) -> dict[str, Any]:
    """Rules, costs and note of a ready-made policy, as `saveRuleSetDraft` takes them."""
    document = "{ readyMadeRuleSets { key name draft } }"
    found = await stage.api.do(ADMIN, document)
    (policy,) = [each for each in found if each["key"] == name]
    return policy["draft"]


async def test_s16_end_of_season_goods_come_from_the_store(stage: Stage) -> None:
    await tag(stage, "HAT", "end_of_season")
    milan = {"deliver": "MILAN"}
    before = await stage.placed(**_to("MILAN"))
    assert served_by(await decision(stage, before["id"])) == ["Milan"], milan
    clear = {
        "name": "clear the stores",
        "when": {"skuTags": {"hasAny": ["end_of_season"]}},
        "where": {"kind": {"in": ["STORE"]}},
        "effect": {"kind": "MARKDOWN", "value": 900},
    }
    await in_force(stage, "end of season", clear)
    order = await stage.placed(**_to("MILAN"))
    made = await decision(stage, order["id"])
    assert served_by(made) == ["Rome"]
    assert made["ruleSet"] == {"name": "end of season", "number": 1}
    terms = {term["kind"]: term["amount"]["amount"] for term in made["plan"]["parcels"][0]["terms"]}
    assert terms["MARKDOWN"] == "-9.00"
    assert any("markdown" in sentence for sentence in made["explanation"])


def _to(code: str, **changes: Any) -> dict[str, Any]:
    """A web order shipped to the city of a location."""
    places = {"MILAN": (45.4642, 9.19), "ROME": (41.9028, 12.4964)}
    latitude, longitude = places[code]
    given = wish(**changes)
    address = {**given["delivery"]["address"], "latitude": latitude, "longitude": longitude}
    return {**changes, "delivery": {"mode": "SHIP", "address": address}}


async def test_s17_hot_goods_come_from_the_dc(stage: Stage) -> None:
    await tag(stage, "HAT", "hot")
    hot = {
        "name": "hot goods",
        "when": {"skuTags": {"hasAny": ["hot"]}},
        "where": {"kind": {"in": ["DC"]}},
        "effect": {"kind": "REQUIRE"},
    }
    await in_force(stage, "hot", hot)
    made = await decision(stage, (await stage.placed(**_to("ROME")))["id"])
    assert served_by(made) == ["Milan"]
    out = {each["locationName"]: each for each in made["eliminations"]}
    assert (out["Rome"]["reason"], out["Rome"]["rule"]) == ("RULE", "hot goods")
    assert made["binding"] == ["RULES"]


async def test_s17_click_and_collect_comes_from_the_local_store(stage: Stage) -> None:
    order = await stage.placed(pickup="ROME")
    made = await decision(stage, order["id"])
    assert served_by(made) == ["Rome"]
    assert made["plan"]["cost"] == {"amount": "0.00"}


async def test_s17_orders_abroad_come_from_the_supplier(stage: Stage) -> None:
    abroad = {
        "name": "abroad",
        "when": {"country": {"notIn": ["IT"]}},
        "where": {"kind": {"in": ["SUPPLIER"]}},
        "effect": {"kind": "REQUIRE"},
    }
    await in_force(stage, "abroad", abroad)
    made = await decision(stage, (await stage.placed(delivery=TO_SPAIN))["id"])
    assert served_by(made) == ["Madrid"]
    assert served_by(await decision(stage, (await stage.placed())["id"])) == ["Rome"]


async def test_s18_two_locations_are_the_proved_optimum(stage: Stage) -> None:
    order = await stage.placed(lines={"HAT": 8})
    made = await decision(stage, order["id"])
    assert sorted(served_by(made)) == ["Milan", "Rome"]
    # By hand: two parcels at 5.00, 477 km at 0.50 per 100 km, 8 units of 100 g at 0.50 per kg,
    # each rounded: Rome 5.00 + 5 x 0.05, Milan 5.00 + 2.38 + 3 x 0.05.
    assert made["plan"]["cost"] == {"amount": "12.78"}
    assert made["proof"]["status"] == "OPTIMAL"
    assert made["proof"]["bound"] == made["plan"]["cost"]
    assert made["proof"]["combinations"] > 0
    dearer = [other["delta"]["amount"] for other in made["alternatives"]]
    assert all(float(delta) > 0 for delta in dearer), dearer


async def test_s19_a_split_only_if_it_is_cheaper_than_one_parcel(stage: Stage) -> None:
    order = await stage.placed(lines={"HAT": 1, "SCARF": 1})
    made = await decision(stage, order["id"])
    assert served_by(made) == ["Milan"]
    (split,) = [o for o in made["alternatives"] if len(o["plan"]["parcels"]) == 2 and _near(o)]
    assert split["delta"] == {"amount": "5.00"}
    assert any("5.00" in sentence and "parcel" in sentence for sentence in made["explanation"])
    far = {"parcelMinor": 100, "per100kmMinor": 200}
    await in_force(stage, "cheap parcels", costs=far)
    cheaper = await decision(stage, (await stage.placed(lines={"HAT": 1, "SCARF": 1}))["id"])
    assert served_by(cheaper) == ["Milan"], "a parcel more is worth it only when the way is shorter"


def _near(other: Any) -> bool:
    names = {parcel["locationName"] for parcel in other["plan"]["parcels"]}
    return names == {"Rome", "Milan"}


async def test_s26_a_location_at_its_capacity_is_passed_over(stage: Stage) -> None:
    async with stage.engine.begin() as connection:
        await connection.execute(
            sa.update(location).where(location.c.id == stock.place("ROME")).values(daily_capacity=2)
        )
    first = [await stage.placed() for _ in range(2)]
    assert [served_by(await decision(stage, order["id"])) for order in first] == [["Rome"]] * 2
    made = await decision(stage, (await stage.placed())["id"])
    assert served_by(made) == ["Milan"]
    (out,) = [each for each in made["eliminations"] if each["locationName"] == "Rome"]
    assert (out["reason"], out["value"], out["threshold"]) == ("AT_CAPACITY", "2", "2")
    assert made["binding"] == ["CAPACITY"]
    assert any("2 of 2" in sentence for sentence in made["explanation"])


async def override(stage: Stage, order_id: str, actor: Any = ADMIN, **given: Any) -> dict[str, Any]:
    """What overrideSourcing answers."""
    wanted = {"locationId": location_id("MILAN"), "reason": "the customer's wish", **given}
    return await stage.do(
        actor, "overrideSourcing", "OverrideSourcingInput",
        f"... on ChangeOrderPayload {{ order {{ {ORDER} }} }}", orderId=order_id, **wanted,
    )  # fmt: skip


async def test_s27_an_operator_overrides_the_plan_and_sees_the_price(stage: Stage) -> None:
    order = await stage.released(lines={"HAT": 2})
    for actor in (AGENT, ROME_MANAGER):
        with pytest.raises(AssertionError, match="FORBIDDEN"):
            await override(stage, order["id"], actor)
    assert await stage.order(order["id"]) == order
    moved = (await override(stage, order["id"]))["order"]
    (live,) = [each for line in moved["lines"] for each in line["groups"]]
    assert (live["locationId"], live["state"]) == (location_id("MILAN"), "RELEASED")
    rome, milan = await stage.level("HAT", "ROME"), await stage.level("HAT", "MILAN")
    assert (rome.allocated, milan.allocated) == (0, 2)
    made, before = await decisions(stage, order["id"])
    assert (made["trigger"], before["trigger"]) == ("OVERRIDE", "NEW")
    assert made["override"] == {
        "by": ADMIN.key,
        "reason": "the customer's wish",
        "delta": {"amount": "2.38"},
    }
    assert any("the customer's wish" in sentence for sentence in made["explanation"])
    await stage.check()


async def test_s27_bad_overrides_change_nothing(stage: Stage) -> None:
    order = await stage.placed(lines={"HAT": 2})
    refusals = {
        "VALIDATION_FAILED": {"reason": " "},
        "VERSION_CONFLICT": {"expectedVersion": 1},
        "INSUFFICIENT_STOCK": {"lines": [{"orderLineId": order["lines"][0]["id"], "quantity": 2}]},
    }
    await stage.placed(lines={"HAT": 4}, delivery=_to("MILAN")["delivery"])
    for code, given in refusals.items():
        answer = await override(stage, order["id"], **given)
        assert answer["code"] == code, answer
    assert await stage.order(order["id"]) == order
    assert len(await decisions(stage, order["id"])) == 1
    await stage.check()


async def test_s27_an_override_is_made_once_per_key(stage: Stage) -> None:
    order = await stage.placed()
    first = await override(stage, order["id"], idempotencyKey="o-1")
    assert await override(stage, order["id"], idempotencyKey="o-1") == first
    other = await override(stage, order["id"], idempotencyKey="o-1", reason="another")
    assert other["code"] == "IDEMPOTENCY_CONFLICT"
    assert len(await decisions(stage, order["id"])) == 2


async def test_s28_an_old_decision_replays_to_the_same_plan(stage: Stage) -> None:
    prefer = {
        "name": "prefer the DC",
        "where": {"kind": {"in": ["DC"]}},
        "effect": {"kind": "PREFER", "value": 600},
    }
    rule_set = await in_force(stage, "dc", prefer)
    made = await decision(stage, (await stage.placed())["id"])
    assert served_by(made) == ["Milan"]
    for _ in range(3):  # the world goes on: less stock, other rules
        await stage.placed()
    await stage.do(ADMIN, "retireRuleSet", "RetireRuleSetInput", "", ruleSetId=rule_set)
    again = await replay(stage, made["id"])
    assert again["isIdentical"] is True
    assert again["planHash"] == made["planHash"]
    assert again["plan"] == made["plan"]
    assert again["delta"] == {"amount": "0.00"}


async def test_s28_what_a_rule_and_a_location_were_worth(stage: Stage) -> None:
    prefer = {
        "name": "prefer the DC",
        "where": {"kind": {"in": ["DC"]}},
        "effect": {"kind": "PREFER", "value": 600},
    }
    await in_force(stage, "dc", prefer)
    made = await decision(stage, (await stage.placed())["id"])
    off = await replay(stage, made["id"], withoutRules=["prefer the DC"])
    assert [parcel["locationName"] for parcel in off["plan"]["parcels"]] == ["Rome"]
    assert off["isIdentical"] is False
    gone = await replay(stage, made["id"], withoutLocations=[location_id("MILAN")])
    assert [parcel["locationName"] for parcel in gone["plan"]["parcels"]] == ["Rome"]
    with pytest.raises(AssertionError, match="VALIDATION_FAILED"):
        await replay(stage, made["id"], withoutRules=["nothing"])
    with pytest.raises(AssertionError, match="FORBIDDEN"):
        await replay(stage, made["id"], actor=customer(stock.place("ROME")))


async def replay(stage: Stage, decision_id: str, actor: Any = ADMIN, **given: Any) -> Any:
    """What replaySourcingDecision answers."""
    document = """query($id: ID!, $withoutRules: [String!], $withoutLocations: [ID!]) {
      replaySourcingDecision(id: $id, withoutRules: $withoutRules,
                             withoutLocations: $withoutLocations) {
        isIdentical planHash delta { amount }
        plan { parcels { locationName lines { sku quantity } cost { amount }
                         terms { kind amount { amount } } }
               unfilled { sku quantity } cost { amount } } } }"""
    return await stage.api.do(actor, document, id=decision_id, **given)
