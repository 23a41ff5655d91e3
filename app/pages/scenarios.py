"""docs/scenarios.md: which test shows which scenario. Test names begin with `test_sNN_`."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path

TITLES: Mapping[int, str] = {
    1: "An unknown SKU makes no order",
    2: "A SKU is withdrawn between cart and submit",
    3: "The same idempotency key twice at once",
    4: "Fifty buyers of one unit on three channels",
    5: "A kit and its component share stock",
    6: "Two lines of one SKU are one demand",
    7: "A declined payment holds the order until its window ends",
    8: "The PSP times out after charging",
    9: "Split tender, the card is declined",
    10: "The reservation ends while the customer pays",
    11: "A terminal replays after the network dropped",
    12: "An on-account customer over the credit limit",
    13: "A phone order with a campaign code",
    14: "A marketplace feed with bad rows",
    15: "A sourcing rule from 1 October",
    16: "End-of-season goods come from the store",
    17: "Hot item, click & collect, foreign address",
    18: "Full cover only by two locations, proved",
    19: "A split only if it is cheaper",
    20: "Ship complete waits for all units",
    21: "The rest is backordered and filled first come, first served",
    22: "Promised against a purchase order that slips",
    23: "Not in stock: suspect count, other location",
    24: "Silence past the accept timer",
    25: "No location can serve: tried again when stock comes",
    26: "A location at its capacity",
    27: "An operator overrides the plan",
    28: "An old decision replays to the same plan",
    29: "A pickup order is never moved silently",
    30: "A pickup store is supplied and a part is missing",
    31: "Cancelling while a location picks",
    32: "A short pick ships what is there",
    33: "Two parcels for one line",
    34: "The carrier is late",
    35: "A late report never downgrades",
    36: "A lost parcel: again, or the money",
    37: "An undeliverable parcel comes back",
    38: "Nobody collects in time",
    39: "A proxy collects once with the code",
    40: "More was picked than ordered",
    41: "A label with the wrong address",
    42: "Ten go from store to store, nine arrive",
    43: "Returned in another store",
    44: "Returned without a receipt",
    45: "Three orders in one bag",
    46: "One of three for two comes back",
    47: "A damaged return",
    48: "A returned unit for a store that ran out",
    49: "An exchange whose extra payment fails",
    50: "One unit returned by two clerks",
    51: "A refund to a closed card",
    52: "Refunds beyond what was captured",
    53: "A chargeback after delivery",
    54: "A stock snapshot arrives late",
    55: "A sale between scan and posting of a count",
    56: "Thirty rejections in one store",
    57: "Ten thousand random operations with crashes",
    58: "A supplier feed with bad rows",
    59: "Two records of one customer are merged",
    60: "A till follows through cable pulls and restarts",
    61: "A client that was away too long",
    62: "A slow consumer",
    63: "A token of another store",
    64: "App and till see one change in one order",
    65: "Two agents edit one order",
    66: "Five languages and currencies",
    67: "Redis is down",
}
_NAME = re.compile(r"test_s(\d\d)_")
_HEAD = """# Scenarios and their tests

This page is made from the names of the tests by `unico docs`; a test compares it with the code.
Every test named here drives the API through GraphQL. A scenario without such a test says "not yet".

| Scenario | What happens | Tests |
|---|---|---|
"""


def scenarios_page(root: Path) -> str:
    """The whole page, as Markdown, of the tests below `root / "tests"`."""
    found = scenario_tests(root)
    lines = [
        f"| S{number:02} | {title} | {'<br>'.join(found.get(number, ())) or 'not yet'} |"
        for number, title in TITLES.items()
    ]
    shown = len(found.keys() & TITLES.keys())
    return _HEAD + "\n".join(lines) + f"\n\n{shown} of {len(TITLES)} scenarios have a test.\n"


def scenario_tests(root: Path) -> dict[int, list[str]]:
    """Links to the tests of each scenario, by its number, in the order of files and lines."""
    found: dict[int, list[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        where = path.relative_to(root).as_posix()
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                matched = _NAME.match(node.name)
                if matched:
                    link = f"[{node.name}](../{where})"
                    found.setdefault(int(matched[1]), []).append(link)
    return found
