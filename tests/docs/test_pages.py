"""Pages that are made from the code are current."""

from itertools import product
from pathlib import Path

from app.pages.lifecycle import lifecycle_page
from app.pages.scenarios import TITLES, scenario_tests, scenarios_page
from domain.orders.lifecycle import Action
from domain.orders.states import (
    CALLED_OFF,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    GroupState,
    fulfillment_status,
)

ROOT = Path(__file__).parents[2]
HINT = "run `unico docs`, and look at the difference"


def test_the_lifecycle_page_is_that_of_the_table() -> None:
    page = lifecycle_page()
    assert (ROOT / "docs" / "lifecycle.md").read_text() == page, HINT
    named = (*Action, *GroupState, *FulfillmentStatus, *FulfillmentOrderStatus)
    assert [each.value for each in named if f"`{each.value}`" not in page] == []


def test_two_kinds_of_units_make_one_status_whichever_states_they_are_in() -> None:
    found: dict[frozenset[FulfillmentStatus], set[FulfillmentStatus]] = {}
    for states in product(set(GroupState) - CALLED_OFF, repeat=2):
        kinds = frozenset(fulfillment_status([state]) for state in states)
        found.setdefault(kinds, set()).add(fulfillment_status(states))
    assert all(len(statuses) == 1 for statuses in found.values())


def test_the_scenarios_page_is_that_of_the_tests() -> None:
    assert (ROOT / "docs" / "scenarios.md").read_text() == scenarios_page(ROOT), HINT
    assert scenario_tests(ROOT).keys() <= TITLES.keys()
