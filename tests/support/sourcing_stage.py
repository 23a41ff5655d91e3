"""Sourcing on stage: rules put into effect and decisions read, through GraphQL only."""

from typing import Any

from tests.support.shop import ADMIN
from tests.support.stage import Stage

RULE_SET = "... on RuleSetPayload { ruleSet { id name version versions { number status } } }"
PLAN = """parcels { locationName lines { sku quantity } cost { amount }
    terms { kind amount { amount } } }
  unfilled { sku quantity } cost { amount }"""
DECISION = f"""id trigger planHash binding
  ruleSet {{ name number }}
  plan {{ {PLAN} }}
  alternatives {{ delta {{ amount }} plan {{ {PLAN} }} }}
  eliminations {{ locationName reason rule value threshold }}
  proof {{ status combinations bound {{ amount }} }}
  override {{ by reason delta {{ amount }} }}
  explanation(language: EN)"""


async def _done(stage: Stage, mutation: str, kind: str, /, **given: Any) -> dict[str, Any]:
    answer = await stage.do(ADMIN, mutation, kind, RULE_SET, **given)
    assert answer["__typename"] == "RuleSetPayload", answer
    return answer["ruleSet"]


async def drafted(
    stage: Stage,
    name: str,
    *rules: dict[str, Any],
    scope: dict[str, Any] | None = None,
    **draft: Any,
) -> str:
    """The id of a new rule set with these rules as its draft."""
    made = await _done(stage, "createRuleSet", "CreateRuleSetInput", name=name, scope=scope or {})
    await redrafted(stage, made["id"], *rules, **draft)
    return made["id"]


async def redrafted(stage: Stage, rule_set: str, *rules: dict[str, Any], **draft: Any) -> None:
    """The rules are the next draft of the rule set."""
    await _done(
        stage, "saveRuleSetDraft", "SaveRuleSetDraftInput", ruleSetId=rule_set, rules=list(rules),
        **draft,
    )  # fmt: skip


async def in_force(stage: Stage, name: str, *rules: dict[str, Any], **draft: Any) -> str:
    """The id of a new rule set whose rules count from now on."""
    rule_set = await drafted(stage, name, *rules, **draft)
    await _done(stage, "activateRuleSet", "ActivateRuleSetInput", ruleSetId=rule_set)
    return rule_set


async def scheduled(stage: Stage, rule_set: str, local: str) -> None:
    """The draft counts from a local time of the merchant."""
    await _done(
        stage, "scheduleRuleSet", "ScheduleRuleSetInput", ruleSetId=rule_set, validFrom=local
    )


async def decisions(stage: Stage, order_id: str) -> list[dict[str, Any]]:
    """The decisions about an order, the newest first."""
    document = f"query($id: ID!) {{ sourcingDecisions(orderId: $id) {{ {DECISION} }} }}"
    return await stage.api.do(ADMIN, document, id=order_id)


async def decision(stage: Stage, order_id: str) -> dict[str, Any]:
    """The newest of them."""
    return (await decisions(stage, order_id))[0]


def served_by(made: dict[str, Any]) -> list[str]:
    """Names of the locations that serve, in the plan's order."""
    return [parcel["locationName"] for parcel in made["plan"]["parcels"]]
