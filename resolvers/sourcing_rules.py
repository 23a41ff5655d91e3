"""Rule sets of sourcing: reading them, drafting rules, and putting them into effect."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.database import DbConnection
from domain.common.texts import checked_country
from domain.common.transaction import Tx
from domain.identity.model import STAFF
from domain.sourcing.rules.commands import RuleSetChange
from domain.sourcing.rules.drafting import WRITERS, create_rule_set, save_rule_set_draft
from domain.sourcing.rules.ready_made import ready_made
from domain.sourcing.rules.repository import rule_set_by_id, rule_sets, versions_of
from domain.sourcing.rules.taking_effect import (
    activate_rule_set,
    retire_rule_set,
    rollback_rule_set,
    schedule_rule_set,
)
from resolvers.answering import answer
from schema.access import Allow
from schema.context import Context, Info
from schema.ids import id_of
from schema.inputs import INPUT
from schema.refusals import checked
from schema.sourcing.inputs import (
    ActivateRuleSetInput,
    CreateRuleSetInput,
    RetireRuleSetInput,
    RollbackRuleSetInput,
    SaveRuleSetDraftInput,
    ScheduleRuleSetInput,
)
from schema.sourcing.payloads import RuleSetPayload, RuleSetResult
from schema.sourcing.types import ReadyMadeRuleSet, RuleSet

WRITING = sorted(WRITERS)


@strawberry.type
class SourcingRulesQuery:
    """Root fields that read rule sets."""

    @strawberry.field(description="All rule sets, by name.", extensions=[Allow(*STAFF)])
    async def rule_sets(self, info: Info) -> list[RuleSet]:
        """The rule sets."""

        async def read(connection: DbConnection) -> list[RuleSet]:
            found = await rule_sets(connection)
            versions = await versions_of(connection, [each.id for each in found])
            return [RuleSet.of(each, versions.get(each.id, [])) for each in found]

        return await info.context.read(read)

    @strawberry.field(description="A rule set; null when unknown.", extensions=[Allow(*STAFF)])
    async def rule_set(
        self, info: Info, id: Annotated[relay.GlobalID, strawberry.argument(description="Its id.")]
    ) -> RuleSet | None:
        """The rule set or null."""
        key = checked(lambda: id_of(id, "RuleSet"))
        return await info.context.read(lambda c: _rule_set(c, key))

    @strawberry.field(
        description="Policies that many retailers want, to start from.",
        extensions=[Allow(*STAFF)],
    )
    async def ready_made_rule_sets(
        self,
        info: Info,
        home_country: Annotated[
            str,
            strawberry.argument(description="The merchant's country (ISO 3166-1 alpha-2)."),
        ] = "IT",
        stores_from: Annotated[
            date | None,
            strawberry.argument(
                description="The first day on which orders ship from stores; left out, they do "
                "whenever the version counts."
            ),
        ] = None,
    ) -> list[ReadyMadeRuleSet]:
        """The policies."""
        country = checked(lambda: checked_country("homeCountry", home_country))
        return [ReadyMadeRuleSet.of(each) for each in ready_made(country, stores_from)]


@strawberry.type
class SourcingRulesMutation:
    """Root fields that change rule sets."""

    @strawberry.mutation(
        description="Create a rule set for the orders of a scope, without rules yet.",
        extensions=[Allow(*WRITING)],
    )
    async def create_rule_set(
        self, info: Info, input: Annotated[CreateRuleSetInput, INPUT]
    ) -> RuleSetResult:
        """The rule set, or why not."""
        actor = info.context.caller
        return await _change(info.context, lambda tx: create_rule_set(tx, actor, input.to_domain()))

    @strawberry.mutation(
        description="Draft the next rules of a rule set, in place of those drafted before. Rules "
        "in force stay as they are.",
        extensions=[Allow(*WRITING)],
    )
    async def save_rule_set_draft(
        self, info: Info, input: Annotated[SaveRuleSetDraftInput, INPUT]
    ) -> RuleSetResult:
        """The rule set, or why not."""
        actor, zone = info.context.caller, info.context.services.merchant_time_zone
        return await _change(
            info.context, lambda tx: save_rule_set_draft(tx, actor, input.to_domain(), zone)
        )

    @strawberry.mutation(
        description="Let the draft count in a period. The rules that count until then end where it "
        "begins, and go on where it ends.",
        extensions=[Allow(*WRITING)],
    )
    async def schedule_rule_set(
        self, info: Info, input: Annotated[ScheduleRuleSetInput, INPUT]
    ) -> RuleSetResult:
        """The rule set, or why not."""
        actor, zone = info.context.caller, info.context.services.merchant_time_zone
        return await _change(
            info.context, lambda tx: schedule_rule_set(tx, actor, input.to_domain(), zone)
        )

    @strawberry.mutation(
        description="Let the draft count from now on, in place of the rules that do; at the latest "
        "until the next scheduled rules for the same scope begin.",
        extensions=[Allow(*WRITING)],
    )
    async def activate_rule_set(
        self, info: Info, input: Annotated[ActivateRuleSetInput, INPUT]
    ) -> RuleSetResult:
        """The rule set, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: activate_rule_set(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Let the rules that counted before those of now count again, from now on, as a "
        "new version.",
        extensions=[Allow(*WRITING)],
    )
    async def rollback_rule_set(
        self, info: Info, input: Annotated[RollbackRuleSetInput, INPUT]
    ) -> RuleSetResult:
        """The rule set, or why not."""
        actor = info.context.caller
        return await _change(
            info.context, lambda tx: rollback_rule_set(tx, actor, input.to_domain())
        )

    @strawberry.mutation(
        description="Let no rules of the set count from now on, and withdraw those scheduled. Its "
        "draft stays.",
        extensions=[Allow(*WRITING)],
    )
    async def retire_rule_set(
        self, info: Info, input: Annotated[RetireRuleSetInput, INPUT]
    ) -> RuleSetResult:
        """The rule set, or why not."""
        actor = info.context.caller
        return await _change(info.context, lambda tx: retire_rule_set(tx, actor, input.to_domain()))


async def _rule_set(connection: DbConnection, key: UUID) -> RuleSet | None:
    found = await rule_set_by_id(connection, key)
    if found is None:
        return None
    return RuleSet.of(found, (await versions_of(connection, [found.id])).get(found.id, []))


async def _change(
    context: Context, work: Callable[[Tx], Awaitable[RuleSetChange]]
) -> RuleSetResult:
    async def run() -> RuleSetPayload:
        done = await context.run(work)
        found = await context.read_primary(lambda c: _rule_set(c, done.rule_set_id))
        assert found is not None  # rule sets are never deleted
        return RuleSetPayload(rule_set=found)

    return await answer(run())
