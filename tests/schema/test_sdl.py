"""The schema as text: described, current, and without surprises for those who use it."""

from enum import Enum
from pathlib import Path

import pytest
import strawberry
from graphql import build_schema, find_breaking_changes

import schema
from app.schema import bare_schema, sdl
from tests.support.policies import undescribed

FOLDER = Path(schema.__file__).parent
SNAPSHOT = FOLDER / "schema.graphql"
RELEASED = FOLDER / "schema.released.graphql"


def breaking_changes(before: str, after: str) -> list[str]:
    """What clients of `before` would stumble over in `after`."""
    changes = find_breaking_changes(build_schema(before), build_schema(after))
    return [each.description for each in changes]


def test_everything_is_described() -> None:
    assert undescribed(bare_schema()) == []


def test_the_snapshot_is_current() -> None:
    assert SNAPSHOT.read_text() == sdl(), "run make schema, and look at the difference"


def test_nothing_that_was_released_is_broken() -> None:
    assert breaking_changes(RELEASED.read_text(), sdl()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("placeOrder(", "placeAnOrder("),
        ("  viewer: Viewer\n", "  visitor: Viewer\n"),
        ("enum Role {", "enum Rank {"),
        ("  role: Role!\n", "  role: String!\n"),
        ("  idempotencyKey: String!\n", "  idempotencyKey: String!\n  more: String!\n"),
    ],
)
def test_breaking_changes_are_noticed(old: str, new: str) -> None:
    current = sdl()
    changed = current.replace(old, new)
    assert changed != current
    if "enum" in old:
        changed = changed.replace(": Role", ": Rank")
    assert breaking_changes(current, changed) != []


def test_additions_break_nothing() -> None:
    current = sdl()
    more = current.replace("  viewer: Viewer\n", "  viewer: Viewer\n  another: String\n")
    assert more != current
    assert breaking_changes(current, more) == []


class Colour(Enum):
    RED = "RED"


@strawberry.input
class Given:
    name: str = ""


@strawberry.type
class Bare:
    @strawberry.field
    def colour(self, wanted: Colour, given: Given) -> list[Colour]:
        return [wanted]


def test_what_is_not_described_is_found() -> None:
    strawberry.enum(Colour)
    assert sorted(undescribed(strawberry.Schema(Bare))) == [
        "Bare",
        "Bare.colour",
        "Bare.colour(given)",
        "Bare.colour(wanted)",
        "Colour",
        "Colour.RED",
        "Given",
        "Given.name",
    ]
