"""Pages that are made from the code are current."""

from pathlib import Path

from app.pages.lifecycle import lifecycle_page
from app.pages.scenarios import TITLES, scenario_tests, scenarios_page
from domain.orders.lifecycle import Action
from domain.orders.model import GroupState

ROOT = Path(__file__).parents[2]
HINT = "run `unico docs`, and look at the difference"


def test_the_lifecycle_page_is_that_of_the_table() -> None:
    page = lifecycle_page()
    assert (ROOT / "docs" / "lifecycle.md").read_text() == page, HINT
    assert all(f"`{each.value}`" in page for each in (*Action, *GroupState))


def test_the_scenarios_page_is_that_of_the_tests() -> None:
    assert (ROOT / "docs" / "scenarios.md").read_text() == scenarios_page(ROOT), HINT
    assert scenario_tests(ROOT).keys() <= TITLES.keys()
