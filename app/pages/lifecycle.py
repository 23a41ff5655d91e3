"""docs/lifecycle.md: the declared state machine as diagrams and tables. Pure."""

from collections.abc import Iterable

from domain.orders.lifecycle import STARTS, TRANSITIONS, Transition
from domain.orders.states import (
    CALLED_OFF,
    CARRIED,
    COLLECTED_IN_STORE,
    HOLDS_STOCK,
    RETURNED,
    RETURNING,
    UNSOURCED,
    WITH_CUSTOMER,
    DeliveryMode,
    FulfillmentStatus,
    GroupState,
    fulfillment_order_status,
    fulfillment_status,
)

FAMILIES = (
    ("Carried to the customer", CARRIED),
    ("Collected in a store", COLLECTED_IN_STORE),
    ("Taken away at the till", frozenset({DeliveryMode.TAKE_AWAY})),
)
_GONE = FulfillmentStatus.CANCELLED
_BACK = {
    GroupState.RESTOCKED: "free again",
    GroupState.QUARANTINED: "damaged, or on quality hold",
    GroupState.WRITTEN_OFF: "none",
    GroupState.SENT_TO_VENDOR: "none",
    GroupState.TRANSFERRED: "allocated to a transfer",
}
_HEAD = """# The life of an order

This page is made from `domain/orders/lifecycle.py` by `unico docs`; a test compares it with the
code.

The units of an order line are in *line groups*: some units that share one fate. What can happen to
a group is one table, `TRANSITIONS`. Everything else is derived from the groups' states: where the
goods of an order are, where the work of a location stands, whether the order is over. An action
that the table does not allow is refused with `ILLEGAL_TRANSITION` and changes nothing.
"""


def lifecycle_page() -> str:
    """The whole page, as Markdown."""
    parts = [_HEAD]
    for title, modes in FAMILIES:
        names = ", ".join(f"`{mode.value}`" for mode in sorted(modes))
        parts.append(f"## {title}\n\nDelivery modes: {names}.\n\n{_diagram(modes)}")
    parts += [_actions(), _states(), _mixtures()]
    return "\n".join(parts)


def _diagram(modes: frozenset[DeliveryMode]) -> str:
    rows = [row for row in TRANSITIONS if row.modes & modes]
    arrows = sorted(
        (source.value, row.target.value, row.action.value)
        for row in rows
        for source in row.sources
        if _can_be(source, rows)
    )
    lines = [f"    {source} --> {target}: {action}" for source, target, action in arrows]
    starts = [f"    [*] --> {state.value}" for state in sorted(STARTS)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *starts, *lines, "```", ""])


def _can_be(state: GroupState, rows: Iterable[Transition]) -> bool:
    return state in STARTS or any(row.target is state for row in rows)


def _actions() -> str:
    lines = ["## Actions\n", "| Action | From | To | Delivery modes |", "|---|---|---|---|"]
    for row in TRANSITIONS:
        sources = ", ".join(f"`{state.value}`" for state in sorted(row.sources))
        modes = (
            "all"
            if row.modes == frozenset(DeliveryMode)
            else ", ".join(f"`{mode.value}`" for mode in sorted(row.modes))
        )
        lines.append(f"| `{row.action.value}` | {sources} | `{row.target.value}` | {modes} |")
    return "\n".join([*lines, ""])


def _states() -> str:
    lines = [
        "## States\n",
        "What follows when all units of an order, or of a location's work, are in a state. With",
        "several states the least advanced units decide the work; units called off do not count.\n",
        "| State | Fulfillment status | Work status | Stock |",
        "|---|---|---|---|",
    ]
    for state in GroupState:
        goods = fulfillment_status([state])
        lines.append(f"| `{state.value}` | `{goods.value}` | {_work(state)} | {_stock(state)} |")
    return "\n".join([*lines, ""])


def _work(state: GroupState) -> str:
    if state in UNSOURCED or state is GroupState.NEW:
        return "none"
    return f"`{fulfillment_order_status([state]).value}`"


def _mixtures() -> str:
    examples = {fulfillment_status([state]): state for state in GroupState}
    kinds = [each for each in FulfillmentStatus if each in examples.keys() - {_GONE}]
    lines = [
        "## Mixtures\n",
        "The fulfillment status of an order that has units of two kinds, each named by the status",
        "that it has alone. Only mixtures are `PARTIALLY_SHIPPED` or `PARTIALLY_DELIVERED`.\n",
        "| With | " + " | ".join(f"`{kind.value}`" for kind in kinds) + " |",
        "|---" * (len(kinds) + 1) + "|",
    ]
    for row in kinds:
        both = (fulfillment_status([examples[row], examples[kind]]) for kind in kinds)
        cells = " | ".join(f"`{each.value}`" for each in both)
        lines.append(f"| `{row.value}` | {cells} |")
    return "\n".join([*lines, ""])


def _stock(state: GroupState) -> str:
    if state in HOLDS_STOCK:
        return "allocated"
    if state in CALLED_OFF:
        return "free again"
    if state in WITH_CUSTOMER:
        return "with the customer"
    if state is GroupState.RETURN_RECEIVED:
        return "in inspection"
    if state in RETURNING:
        return "with the customer, or on its way back"
    if state in RETURNED:
        return _BACK[state]
    return "reserved" if state is GroupState.NEW else "none"
