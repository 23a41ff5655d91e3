"""Rule sets through GraphQL: created, drafted, scheduled, put into effect, taken back, retired."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry import relay

from domain.catalog.tables import channel as channel_table
from domain.common.transaction import Tx
from domain.sourcing.rules.commands import RollbackRuleSet
from domain.sourcing.rules.model import RuleSetId, RuleSetStatus, RuleSetVersion, Scope
from domain.sourcing.rules.repository import MAX_KEPT_BODIES, versions_at, versions_of
from domain.sourcing.rules.taking_effect import rollback_rule_set
from domain.sourcing.tables import sourcing_rule_set_version
from resolvers.sourcing_rules import SourcingRulesMutation, SourcingRulesQuery
from tests.support.actors import ADMIN, AGENT, EVERYBODY_AND_A_CUSTOMER, OPERATIONS, TILL
from tests.support.graphql import Api
from tests.support.locks import until_somebody_waits
from tests.support.mutations import Mutation, api_of, events

WRITERS = (OPERATIONS, ADMIN)
HOUR = timedelta(hours=1)
_RULE = "name when where effect { kind value }"
_COSTS = """currency parcelMinor parcelAbroadMinor perKgMinor per100kmMinor
  handling { kind minor } riskMinor lateMinor unfilledMinor carrierRates"""
_VERSION = f"""id number status validFrom validUntil retiredAt timeZone author note createdAt
  rules {{ {_RULE} }} costs {{ {_COSTS} }}"""
_SCOPE = "scope { channel country orderType deliveryMode }"
_SET = f"""id name {_SCOPE} version createdAt updatedAt versions {{ {_VERSION} }}
  active {{ number }} draft {{ number }}"""


@dataclass(frozen=True)
class Step(Mutation):
    """A mutation of rule sets; all of them have one payload."""

    @property
    def document(self) -> str:
        """The operation."""
        return super().document.replace(
            f"... on {self.name[0].upper()}{self.name[1:]}Payload", "... on RuleSetPayload"
        )


def step(name: str) -> Step:
    """The mutation of that name."""
    errors = """... on RuleSetNameTakenError { name }
      ... on RuleSetOverlapError { setName: name validFrom validUntil }
      ... on IllegalRuleSetStepError { action }"""
    return Step(name, f"ruleSet {{ {_SET} }}", errors)


CREATE, SAVE, SCHEDULE = step("createRuleSet"), step("saveRuleSetDraft"), step("scheduleRuleSet")
ACTIVATE, ROLL_BACK = step("activateRuleSet"), step("rollbackRuleSet")
RETIRE = step("retireRuleSet")

STORES: dict[str, Any] = {
    "name": "Stores first",
    "when": {"skuTags": {"hasAny": ["end_of_season"]}},
    "where": {"kind": {"in": ["STORE"]}},
    "effect": {"kind": "PREFER", "value": 2000},
}
EVERY_PREDICATE: dict[str, Any] = {
    "name": "Everything",
    "when": {
        "all": [
            {"any": [{"channel": {"in": ["WEB"]}}, {"not": {"country": {"notIn": ["IT"]}}}]},
            {"orderType": {"in": ["CALL_CENTER", "WEB"]}},
            {"deliveryMode": {"notIn": ["TAKE_AWAY"]}},
            {"sku": {"in": ["HAT"]}},
            {"skuTags": {"hasNone": ["hot"]}},
            {"weightG": {"atLeast": 10, "atMost": 500}},
            {"quantity": {"atMost": 9}},
            {"orderUnits": {"atLeast": 1}},
            {"weekday": [1, 7]},
            {"date": {"from": "2026-10-01", "until": "2026-12-31"}},
        ]
    },
    "where": {
        "all": [
            {"any": [{"code": {"notIn": ["ROMA-01"]}}, {"not": {"country": {"in": ["ES"]}}}]},
            {"kind": {"notIn": ["RESELLER"]}},
            {"destination": "SAME_COUNTRY"},
            {"tags": {"hasAll": ["big", "new"]}},
            {"trust": {"atLeast": "0.50", "below": "0.90"}},
            {"distanceKm": {"atMost": 300}},
            {"home": False},
        ]
    },
    "effect": {"kind": "CAP_SHARE", "value": 60},
}


@pytest.fixture
def api(engine: AsyncEngine, clean_database: str) -> Api:
    return api_of(engine, SourcingRulesQuery, SourcingRulesMutation)


@dataclass
class Desk:
    """Somebody of operations who works on rule sets."""

    api: Api
    done: int = 0

    def given(self, rule_set: Any, **more: Any) -> dict[str, Any]:
        """Input about the rule set under a fresh key."""
        self.done += 1
        return {"idempotencyKey": f"d{self.done}", "ruleSetId": rule_set["id"], **more}

    async def do(self, step: Step, rule_set: Any, **more: Any) -> Any:
        """The rule set after a step that works."""
        return (await step.succeed(self.api, OPERATIONS, self.given(rule_set, **more)))["ruleSet"]

    async def create(self, name: str = "Web", **scope: Any) -> Any:
        """A new rule set."""
        given = {"idempotencyKey": f"create {name}", "name": name, "scope": scope}
        return (await CREATE.succeed(self.api, OPERATIONS, given))["ruleSet"]

    async def drafted(self, rule_set: Any, name: str = "Stores first") -> Any:
        """The rule set with a draft of one rule of that name."""
        return await self.do(SAVE, rule_set, rules=[{**STORES, "name": name}], note=name)

    async def running(self, name: str = "Web", *drafts: str, **scope: Any) -> Any:
        """A rule set whose drafts were put into effect one after the other."""
        rule_set = await self.create(name, **scope)
        for draft in drafts or ("One",):
            await self.drafted(rule_set, draft)
            rule_set = await self.do(ACTIVATE, rule_set)
        return rule_set


@pytest.fixture
def desk(api: Api) -> Desk:
    return Desk(api)


def moment(text: str) -> datetime:
    """A moment of an answer."""
    return datetime.fromisoformat(text)


def seen(rule_set: Any) -> list[tuple[int, str, str]]:
    """Number, status and note of all versions, the newest first."""
    return [(each["number"], each["status"], each["note"]) for each in rule_set["versions"]]


async def in_force(engine: AsyncEngine, at: datetime) -> list[RuleSetVersion]:
    """What `versions_at` finds."""
    async with engine.connect() as connection:
        return await versions_at(connection, at)


async def periods_are_apart(engine: AsyncEngine) -> bool:
    """Whether no two versions of a scope count at the same moment, seen without the constraint."""
    one, two = sourcing_rule_set_version.alias(), sourcing_rule_set_version.alias()
    same = sa.and_(
        one.c.id < two.c.id,
        one.c.channel == two.c.channel,
        one.c.country == two.c.country,
        one.c.order_type == two.c.order_type,
        one.c.delivery_mode == two.c.delivery_mode,
        one.c.valid.op("&&")(two.c.valid),
    )
    async with engine.connect() as connection:
        return await connection.scalar(sa.select(sa.func.count()).where(same)) == 0


async def test_create_keeps_its_contract(api: Api, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        row = {"code": "WEB", "kind": "WEB", "name": "WEB", "currency": "EUR"}
        await connection.execute(sa.insert(channel_table).values(row))
    scope = {"channel": "WEB", "country": "IT", "orderType": "WEB", "deliveryMode": "SHIP"}
    given = {"idempotencyKey": "k", "name": " Web  Italy", "scope": scope}
    answer = await CREATE.check_contract(
        api, engine, OPERATIONS, given, other={"name": "X"}, allowed=WRITERS
    )
    made = answer["ruleSet"]
    assert (made["name"], made["scope"], made["version"]) == ("Web Italy", scope, 1)
    assert (made["versions"], made["active"], made["draft"]) == ([], None, None)
    (event,) = await events(engine)
    assert (event["type"], event["version"], event["topics"]) == ("RuleSetChanged", 1, [])
    taken = await CREATE.refused(api, engine, ADMIN, {"idempotencyKey": "k2", "name": "Web Italy"})
    assert (taken["code"], taken["name"]) == ("RULE_SET_NAME_TAKEN", "Web Italy")


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"name": " "}, "VALIDATION_FAILED", "name"),
        ({"name": "x" * 121}, "VALIDATION_FAILED", "name"),
        ({"scope": {"country": "XX"}}, "VALIDATION_FAILED", "scope.country"),
        ({"scope": {"channel": "NONE"}}, "NOT_FOUND", "channel"),
        ({"idempotencyKey": ""}, "VALIDATION_FAILED", "idempotencyKey"),
    ],
)
async def test_create_refuses(
    api: Api, engine: AsyncEngine, changes: dict[str, Any], code: str, where: str
) -> None:
    given = {"idempotencyKey": "k", "name": "Web"} | changes
    refused = await CREATE.refused(api, engine, ADMIN, given)
    assert (refused["code"], refused.get("field") or refused.get("kind")) == (code, where)


async def test_saving_a_draft_keeps_its_contract(api: Api, desk: Desk, engine: AsyncEngine) -> None:
    made = await desk.create()
    costs = {"currency": "CHF", "perKgMinor": 70, "handling": [{"kind": "STORE", "minor": 30}]}
    given = desk.given(
        made, rules=[EVERY_PREDICATE, STORES], costs=costs, note="first", expectedVersion=1
    )
    answer = await SAVE.check_contract(
        api, engine, OPERATIONS, given, other={"note": "second"}, allowed=WRITERS
    )
    saved = answer["ruleSet"]
    (draft,) = saved["versions"]
    assert (saved["version"], saved["draft"], saved["active"]) == (2, {"number": 1}, None)
    assert (draft["number"], draft["status"], draft["note"]) == (1, "DRAFT", "first")
    assert (draft["author"], draft["timeZone"]) == ("OPERATIONS:olga", "Europe/Rome")
    assert (draft["validFrom"], draft["validUntil"], draft["retiredAt"]) == (None, None, None)
    assert draft["rules"] == [EVERY_PREDICATE, STORES]
    assert draft["costs"] == {
        "currency": "CHF",
        "parcelMinor": 500,
        "parcelAbroadMinor": 1500,
        "perKgMinor": 70,
        "per100kmMinor": 50,
        "handling": [{"kind": "STORE", "minor": 30}],
        "riskMinor": 100,
        "lateMinor": 200,
        "unfilledMinor": 1_000_000,
        "carrierRates": False,
    }
    event = (await events(engine))[-1]
    assert (event["payload"]["action"], event["payload"]["number"]) == ("SAVE_DRAFT", 1)

    again = await desk.do(SAVE, made, rules=[], note="")
    assert [each["rules"] for each in again["versions"]] == [[]]
    assert again["versions"][0]["id"] == draft["id"]
    assert again["version"] == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rules": [STORES, STORES]}, "rules.1.name"),
        (
            {"rules": [{**STORES, "when": {"all": [{"skuTags": {"hasAny": ["Hot Item"]}}]}}]},
            "rules.0.when.all.0.skuTags",
        ),
        (
            {"rules": [{**STORES, "where": {"not": {"trust": {"atLeast": "2"}}}}]},
            "rules.0.where.not.trust",
        ),
        ({"rules": [{**STORES, "effect": {"kind": "PREFER"}}]}, "rules.0.effect.value"),
        ({"costs": {"parcelMinor": -1}}, "costs.parcelMinor"),
        ({"costs": {"handling": [{"kind": "DC", "minor": 1}] * 2}}, "costs.handling"),
        ({"note": "x" * 2001}, "note"),
        ({"ruleSetId": str(relay.GlobalID("Order", str(UUID(int=1))))}, "ruleSetId"),
    ],
)
async def test_malformed_drafts_change_nothing(
    desk: Desk, api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    made = await desk.create()
    given = desk.given(made, rules=[STORES]) | changes
    refused = await SAVE.refused(api, engine, ADMIN, given)
    assert (refused["code"], refused["field"]) == ("VALIDATION_FAILED", field)


async def test_two_keys_in_one_condition_are_no_document(desk: Desk) -> None:
    made = await desk.create()
    both = {"sku": {"in": ["HAT"]}, "weekday": [1]}
    given = desk.given(made, rules=[{**STORES, "when": both}])
    data, errors = await desk.api.ask(ADMIN, SAVE.document, {"input": given})
    assert errors
    assert not data


async def test_steps_refuse_what_is_unknown_or_stale(
    desk: Desk, api: Api, engine: AsyncEngine
) -> None:
    made = await desk.drafted(await desk.create())
    nobody = {"id": str(relay.GlobalID("RuleSet", str(UUID(int=1))))}
    more: dict[Step, dict[str, Any]] = {
        SAVE: {"rules": []},
        SCHEDULE: {"validFrom": "2099-01-01T00:00:00"},
        ACTIVATE: {},
        ROLL_BACK: {},
        RETIRE: {},
    }
    for each, given in more.items():
        lost = await each.refused(api, engine, ADMIN, desk.given(nobody, **given))
        assert (lost["code"], lost["kind"]) == ("NOT_FOUND", "rule set")
        stale = desk.given(made, expectedVersion=1, **given)
        conflict = await each.refused(api, engine, ADMIN, stale)
        assert (conflict["expected"], conflict["actual"]) == (1, 2)


async def test_scheduling_keeps_its_contract(api: Api, desk: Desk, engine: AsyncEngine) -> None:
    made = await desk.drafted(await desk.create())
    given = desk.given(made, validFrom="2099-10-01T00:00:00", validUntil="2099-11-01T00:00:00")
    answer = await SCHEDULE.check_contract(
        api, engine, ADMIN, given, other={"validUntil": None}, allowed=WRITERS
    )
    (version,) = answer["ruleSet"]["versions"]
    assert version["status"] == "SCHEDULED"
    assert moment(version["validFrom"]) == datetime(2099, 9, 30, 22, tzinfo=UTC)
    assert moment(version["validUntil"]) == datetime(2099, 10, 31, 23, tzinfo=UTC)
    event = (await events(engine))[-1]["payload"]
    assert (event["action"], event["valid_from"]) == ("SCHEDULE", "2099-09-30T22:00:00+00:00")

    before = datetime(2099, 9, 30, 21, 59, 59, 999_999, tzinfo=UTC)
    assert await in_force(engine, before) == []
    (found,) = await in_force(engine, before + timedelta.resolution)
    assert (found.status, found.number, found.rules[0].name) == (
        RuleSetStatus.ACTIVE,
        1,
        "Stores first",
    )
    assert await in_force(engine, datetime(2099, 10, 31, 23, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2099-10-01T00:00:00", datetime(2099, 9, 30, 22, tzinfo=UTC)),
        ("2099-03-29T02:30:00", datetime(2099, 3, 29, 1, 30, tzinfo=UTC)),
        ("2099-10-25T02:30:00", datetime(2099, 10, 25, 0, 30, tzinfo=UTC)),
        ("2099-10-25T02:30:00+01:00", datetime(2099, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
async def test_local_times_are_those_of_the_merchant(desk: Desk, local: str, utc: datetime) -> None:
    made = await desk.drafted(await desk.create())
    done = await desk.do(SCHEDULE, made, validFrom=local)
    assert moment(done["versions"][0]["validFrom"]) == utc


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"validFrom": "2020-01-01T00:00:00"}, "validFrom"),
        ({"validUntil": "2099-10-01T00:00:00"}, "validUntil"),
    ],
)
async def test_scheduling_refuses(
    desk: Desk, api: Api, engine: AsyncEngine, changes: dict[str, Any], field: str
) -> None:
    made = await desk.drafted(await desk.create())
    given = desk.given(made, validFrom="2099-10-01T00:00:00") | changes
    assert (await SCHEDULE.refused(api, engine, ADMIN, given))["field"] == field


async def test_what_is_scheduled_cuts_what_counts_and_lets_it_go_on(
    desk: Desk, engine: AsyncEngine
) -> None:
    made = await desk.running("Web", "Usual")
    await desk.drafted(made, "October")
    starts, ends = datetime(2099, 10, 1, tzinfo=UTC), datetime(2099, 11, 1, tzinfo=UTC)
    done = await desk.do(SCHEDULE, made, validFrom=starts.isoformat(), validUntil=ends.isoformat())
    assert seen(done) == [
        (3, "SCHEDULED", "Version 1 again."),
        (2, "SCHEDULED", "October"),
        (1, "ACTIVE", "Usual"),
    ]
    for at, name in (
        (starts - HOUR, "Usual"),
        (starts, "October"),
        (ends - HOUR, "October"),
        (ends, "Usual"),
        (ends + 9999 * HOUR, "Usual"),
    ):
        assert [each.rules[0].name for each in await in_force(engine, at)] == [name]
    assert done["versions"][2]["retiredAt"] is not None


async def test_a_period_that_is_taken_is_refused(desk: Desk, api: Api, engine: AsyncEngine) -> None:
    first = await desk.drafted(await desk.create("First", country="IT"))
    await desk.do(SCHEDULE, first, validFrom="2099-10-01T00:00Z", validUntil="2099-11-01T00:00Z")
    second = await desk.drafted(await desk.create("Second", country="IT"))
    taken: dict[str, Any] = {"validFrom": "2099-10-31T00:00Z", "validUntil": "2099-12-01T00:00Z"}
    refused = await SCHEDULE.refused(api, engine, ADMIN, desk.given(second, **taken))
    assert (refused["code"], refused["setName"]) == ("RULE_SET_OVERLAP", "First")
    assert moment(refused["validUntil"]) == datetime(2099, 11, 1, tzinfo=UTC)
    elsewhere = await desk.drafted(await desk.create("Spain", country="ES"))
    await desk.do(SCHEDULE, elsewhere, **taken)
    await desk.do(SCHEDULE, second, validFrom="2099-11-01T00:00Z")
    await desk.drafted(first)
    own = desk.given(first, validFrom="2099-10-15T00:00Z")
    refused = await SCHEDULE.refused(api, engine, ADMIN, own)
    assert refused["setName"] == "Second"
    own = desk.given(first, validFrom="2099-10-15T00:00Z", validUntil="2099-10-16T00:00Z")
    refused = await SCHEDULE.refused(api, engine, ADMIN, own)
    assert refused["setName"] == "First"
    assert await periods_are_apart(engine)


async def test_a_scheduled_version_is_withdrawn_for_one_of_the_same_period(desk: Desk) -> None:
    made = await desk.drafted(await desk.create(), "Old")
    await desk.do(SCHEDULE, made, validFrom="2099-10-01T00:00Z")
    await desk.drafted(made, "New")
    done = await desk.do(SCHEDULE, made, validFrom="2099-10-01T00:00Z")
    assert seen(done) == [(2, "SCHEDULED", "New"), (1, "RETIRED", "Old")]
    assert done["versions"][1]["validFrom"] is None


async def test_activating_keeps_its_contract(api: Api, desk: Desk, engine: AsyncEngine) -> None:
    made = await desk.running("Web", "One")
    await desk.drafted(made, "Two")
    given = desk.given(made, expectedVersion=4)
    answer = await ACTIVATE.check_contract(
        api, engine, OPERATIONS, given, other={"expectedVersion": None}, allowed=WRITERS
    )
    done = answer["ruleSet"]
    assert seen(done) == [(2, "ACTIVE", "Two"), (1, "RETIRED", "One")]
    assert done["active"] == {"number": 2}
    two, one = done["versions"]
    assert one["validUntil"] == two["validFrom"] == one["retiredAt"]
    assert two["validUntil"] is None
    (found,) = await in_force(engine, moment(two["validFrom"]))
    assert found.number == 2


async def test_activating_stops_before_what_is_scheduled(desk: Desk, engine: AsyncEngine) -> None:
    made = await desk.running("Web", "Usual")
    await desk.drafted(made, "Later")
    await desk.do(SCHEDULE, made, validFrom="2099-10-01T00:00Z")
    await desk.drafted(made, "Now")
    done = await desk.do(ACTIVATE, made)
    assert seen(done) == [(3, "ACTIVE", "Now"), (2, "SCHEDULED", "Later"), (1, "RETIRED", "Usual")]
    assert moment(done["versions"][0]["validUntil"]) == datetime(2099, 10, 1, tzinfo=UTC)
    assert await periods_are_apart(engine)


async def test_steps_that_do_not_fit_are_refused(desk: Desk, api: Api, engine: AsyncEngine) -> None:
    made = await desk.create()
    for each, action in ((ACTIVATE, "activate"), (ROLL_BACK, "roll back"), (RETIRE, "retire")):
        refused = await each.refused(api, engine, ADMIN, desk.given(made))
        assert (refused["code"], refused["action"]) == ("ILLEGAL_RULE_SET_STEP", action)
    when = desk.given(made, validFrom="2099-01-01T00:00Z")
    assert (await SCHEDULE.refused(api, engine, ADMIN, when))["action"] == "schedule"
    await desk.drafted(made)
    await desk.do(ACTIVATE, made)
    refused = await ROLL_BACK.refused(api, engine, ADMIN, desk.given(made))
    assert "no other rules before" in refused["message"]


async def test_rolling_back_keeps_its_contract(api: Api, desk: Desk, engine: AsyncEngine) -> None:
    made = await desk.running("Web", "One", "Two")
    await desk.drafted(made, "Three")
    given = desk.given(made)
    answer = await ROLL_BACK.check_contract(
        api, engine, OPERATIONS, given, other={"expectedVersion": 9}, allowed=WRITERS
    )
    assert seen(answer["ruleSet"]) == [
        (4, "ACTIVE", "Version 1 again."),
        (3, "DRAFT", "Three"),
        (2, "RETIRED", "Two"),
        (1, "RETIRED", "One"),
    ]
    now, _, two, one = answer["ruleSet"]["versions"]
    assert (now["rules"], now["costs"]) == (one["rules"], one["costs"])
    assert now["validFrom"] == two["validUntil"]
    again = await desk.do(ROLL_BACK, made)
    assert again["versions"][0]["rules"] == two["rules"]


async def test_retiring_keeps_its_contract(api: Api, desk: Desk, engine: AsyncEngine) -> None:
    made = await desk.running("Web", "One")
    await desk.drafted(made, "Later")
    await desk.do(SCHEDULE, made, validFrom="2099-10-01T00:00Z")
    await desk.drafted(made, "Draft")
    answer = await RETIRE.check_contract(
        api, engine, ADMIN, desk.given(made), other={"expectedVersion": 1}, allowed=WRITERS
    )
    assert seen(answer["ruleSet"]) == [
        (3, "DRAFT", "Draft"),
        (2, "RETIRED", "Later"),
        (1, "RETIRED", "One"),
    ]
    for at in (datetime.now(UTC) + HOUR, datetime(2100, 1, 1, tzinfo=UTC)):
        assert await in_force(engine, at) == []
    back = await desk.do(ACTIVATE, made)
    assert back["active"] == {"number": 3}


async def test_of_two_drafts_put_into_effect_at_once_one_wins(
    desk: Desk, engine: AsyncEngine
) -> None:
    sets = [await desk.drafted(await desk.create(name)) for name in ("A", "B", "C", "D")]
    answers = await asyncio.gather(
        *(ACTIVATE.do(desk.api, ADMIN, desk.given(each)) for each in sets)
    )
    kinds = sorted(each["__typename"] for each in answers)
    assert kinds == ["RuleSetOverlapError"] * 3 + ["RuleSetPayload"]
    assert len(await in_force(engine, datetime.now(UTC) + HOUR)) == 1
    assert await periods_are_apart(engine)


async def test_whoever_comes_second_waits_and_begins_later(desk: Desk, engine: AsyncEngine) -> None:
    made = await desk.running("Web", "One", "Two")
    await desk.drafted(made, "Three")
    async with engine.begin() as connection:
        await connection.execute(sa.text("select 1 from sourcing_rule_set for update"))
        steps = [
            asyncio.create_task(each.do(desk.api, ADMIN, desk.given(made)))
            for each in (ROLL_BACK, ACTIVATE, ROLL_BACK)
        ]
        await until_somebody_waits(engine)
    answers = await asyncio.gather(*steps)
    assert [each["__typename"] for each in answers] == ["RuleSetPayload"] * 3
    last = max((each["ruleSet"] for each in answers), key=lambda each: each["version"])
    periods = sorted((each["validFrom"], each["validUntil"] or "open") for each in last["versions"])
    assert [ends for _, ends in periods] == [*[starts for starts, _ in periods[1:]], "open"]
    assert await periods_are_apart(engine)


async def test_a_step_begins_after_those_before_it_whenever_its_transaction_began(
    desk: Desk, engine: AsyncEngine
) -> None:
    made = await desk.running("Web", "One")
    await desk.drafted(made, "Two")
    key = RuleSetId(UUID(relay.GlobalID.from_id(made["id"]).node_id))
    async with engine.begin() as connection:
        early = Tx(connection, ADMIN.key, "test")
        await early.now()
        await desk.do(ACTIVATE, made)
        await rollback_rule_set(early, ADMIN, RollbackRuleSet("late", key))
        pending = early.drain_events()
        assert pending is not None
        await connection.execute(pending)
    (found,) = await in_force(engine, datetime.now(UTC) + HOUR)
    assert (found.number, found.rules[0].name) == (3, "One")


async def test_a_version_with_a_period_never_changes(desk: Desk, engine: AsyncEngine) -> None:
    await desk.running("Web", "One")
    for change in (
        "update sourcing_rule_set_version set body = '{}'",
        "update sourcing_rule_set_version set note = 'x'",
        "update sourcing_rule_set_version set valid = tstzrange('2020-01-01', null)",
        "update sourcing_rule_set_version set valid = null",
        "delete from sourcing_rule_set_version",
    ):
        with pytest.raises(DBAPIError, match="immutable"):
            async with engine.begin() as connection:
                await connection.execute(sa.text(change))


async def test_staff_reads_and_nobody_else(desk: Desk) -> None:
    made = await desk.running("Web", "One")
    await desk.create("Another")
    listed = await desk.api.do(AGENT, f"{{ ruleSets {{ {_SET} }} }}")
    assert [each["name"] for each in listed] == ["Another", "Web"]
    assert listed[1] == made
    one = f"query($id: ID!) {{ ruleSet(id: $id) {{ {_SET} }} }}"
    assert await desk.api.do(TILL, one, id=made["id"]) == made
    nobody = str(relay.GlobalID("RuleSet", str(UUID(int=1))))
    assert await desk.api.do(TILL, one, id=nobody) is None
    wrong = {"id": str(relay.GlobalID("Order", str(UUID(int=1))))}
    assert (await desk.api.ask(TILL, one, wrong))[1] == ["VALIDATION_FAILED"]
    for caller in EVERYBODY_AND_A_CUSTOMER:
        for document in ("{ ruleSets { id } }", "{ readyMadeRuleSets { key } }"):
            refused = (await desk.api.ask(caller, document))[1]
            if caller is None:
                assert refused == ["UNAUTHENTICATED"]
            elif caller.role in ("CUSTOMER", "CHANNEL"):
                assert refused == ["FORBIDDEN"]
            else:
                assert refused == []


async def test_what_is_ready_made_can_be_sent_as_it_is(desk: Desk) -> None:
    document = f"""query($country: String!, $from: Date) {{
      readyMadeRuleSets(homeCountry: $country, storesFrom: $from) {{
        key name note {_SCOPE} rules {{ {_RULE} }} costs {{ {_COSTS} }} }} }}"""
    policies = await desk.api.do(AGENT, document, **{"country": "ES", "from": "2026-10-01"})
    assert [each["key"] for each in policies] == [
        "END_OF_SEASON",
        "HOT_ITEMS",
        "CLICK_AND_COLLECT",
        "ABROAD",
        "SHIP_FROM_STORES",
        "AVOID_MARKDOWNS",
        "REPLENISH_BY_RETURNS",
    ]
    for each in policies:
        made = await desk.create(each["name"], **each["scope"])
        saved = await desk.do(
            SAVE, made, rules=each["rules"], costs=each["costs"], note=each["note"]
        )
        (draft,) = saved["versions"]
        assert {name: draft[name] for name in ("rules", "costs", "note")} == {
            name: each[name] for name in ("rules", "costs", "note")
        }
    refused = await desk.api.ask(AGENT, document, {"country": "Spain"})
    assert refused[1] == ["VALIDATION_FAILED"]


async def test_bodies_are_read_once_and_versions_in_force_by_one_statement(
    desk: Desk, engine: AsyncEngine
) -> None:
    await desk.running("All", "One")
    await desk.running("Italy", "Two", country="IT")
    at = datetime.now(UTC) + HOUR
    first = sorted(await in_force(engine, at), key=lambda each: each.name)
    assert [(each.name, each.scope) for each in first] == [
        ("All", Scope()),
        ("Italy", Scope(country="IT")),
    ]
    again = sorted(await in_force(engine, at), key=lambda each: each.name)
    assert again == first
    assert all(one.rules is two.rules for one, two in zip(first, again, strict=True))


async def test_more_versions_than_are_kept_are_found(desk: Desk, engine: AsyncEngine) -> None:
    made = await desk.running("Web", "One")
    async with engine.begin() as connection:
        for number in range(MAX_KEPT_BODIES + 2):
            copy = sa.text(
                "insert into sourcing_rule_set_version select gen_random_uuid(), rule_set_id,"
                " :number, :country, '', '', '', body, valid, author, note, created_at, null"
                " from sourcing_rule_set_version where number = 1"
            )
            given = {"number": number + 2, "country": f"X{number}"}
            await connection.execute(copy, given)
    at = datetime.now(UTC) + HOUR
    for _ in range(2):
        found = await in_force(engine, at)
        assert len({each.id for each in found}) == MAX_KEPT_BODIES + 3
        assert {each.rules[0].name for each in found} == {"One"}
    async with engine.connect() as connection:
        key = RuleSetId(UUID(relay.GlobalID.from_id(made["id"]).node_id))
        assert len((await versions_of(connection, [key]))[key]) == MAX_KEPT_BODIES + 3
