"""Random questions and traces; every field of every value is drawn, also those with a default."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar, cast

from hypothesis import strategies as st

from domain.sourcing.decision import (
    CostKind,
    CostTerm,
    Elimination,
    EliminationReason,
    Parcel,
    ParcelLine,
    RuleSetUsed,
    Trace,
    TracedPlan,
)
from domain.sourcing.model import (
    Candidate,
    Carriage,
    Circumstances,
    Place,
    Question,
    Trigger,
    Wanted,
)
from domain.sourcing.problem import Proof, ProofStatus

T = TypeVar("T")
_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def full(kind: type[T], /, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Values of the class; fails when one of its fields is not given."""
    missing = {field.name for field in fields(cast(Any, kind))} ^ given.keys()
    assert not missing, f"{kind.__name__}: {missing}"
    return st.builds(kind, **given)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
IDS = st.uuids()
MINOR = st.integers(-(10**12), 10**12)
COUNTS = st.integers(0, 10**6)
MOMENTS = st.integers(0, 10**15).map(lambda n: _BEGIN + timedelta(microseconds=n))
TAGS = st.frozensets(WORDS, max_size=3)
UNITS_BY_SKU = st.dictionaries(WORDS, COUNTS, max_size=3)


def several(values: st.SearchStrategy[T], most: int = 3) -> st.SearchStrategy[tuple[T, ...]]:
    """Tuples of the values."""
    return st.lists(values, max_size=most).map(tuple)


PLACES = full(Place, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180))
CIRCUMSTANCES = full(
    Circumstances,
    channel=WORDS,
    order_type=TEXTS,
    country=TEXTS,
    delivery_mode=TEXTS,
    at=MOMENTS,
    near=st.none() | PLACES,
    ship_complete=st.booleans(),
    deliver_by=st.none() | MOMENTS,
    carriage=st.none()
    | full(
        Carriage,
        carrier=WORDS,
        service=WORDS,
        currency=st.sampled_from(["EUR", "CHF"]),
        light_minor=COUNTS,
        whole_minor=COUNTS,
        weight_g=COUNTS,
    ),
    postal_code=TEXTS,
)
WANTED = full(
    Wanted,
    line_id=IDS,
    quantity=COUNTS,
    components=UNITS_BY_SKU,
    sku=TEXTS,
    tags=TAGS,
    weight_g=COUNTS,
)
CANDIDATES = full(
    Candidate,
    location_id=IDS,
    code=WORDS,
    place=PLACES,
    priority=st.integers(-100, 100),
    available=UNITS_BY_SKU,
    kind=TEXTS,
    country=TEXTS,
    tags=TAGS,
    trust=st.decimals(Decimal(0), Decimal(1), allow_nan=False),
    daily_capacity=st.none() | COUNTS,
    used_today=COUNTS,
    is_home=st.booleans(),
    arrives_at=st.none() | MOMENTS,
    expected_at=st.none() | MOMENTS,
)
QUESTIONS = full(
    Question,
    circumstances=CIRCUMSTANCES,
    wanted=several(WANTED),
    candidates=several(CANDIDATES),
    failed=several(IDS),
    trigger=st.sampled_from(Trigger),
)

LINES = full(ParcelLine, line_id=IDS, sku=TEXTS, quantity=st.integers(1, 10**6))
TERMS = st.lists(
    full(CostTerm, kind=st.sampled_from(CostKind), amount_minor=MINOR),
    max_size=4,
    unique_by=lambda term: term.kind,
).map(tuple)
PARCELS = full(
    Parcel,
    location_id=IDS,
    code=WORDS,
    lines=st.lists(LINES, min_size=1, max_size=3).map(tuple),
    terms=TERMS,
    distance_km=st.none() | st.floats(0, 20_037),
    late_days=COUNTS,
    expected_at=st.none() | MOMENTS,
)
PLANS = full(
    TracedPlan, parcels=several(PARCELS), unfilled=several(LINES), terms=TERMS, cost_minor=MINOR
)
ELIMINATIONS = full(
    Elimination,
    location_id=IDS,
    code=TEXTS,
    reason=st.sampled_from(EliminationReason),
    rule=st.none() | WORDS,
    value=st.none() | WORDS | COUNTS.map(str),
    threshold=st.none() | WORDS | COUNTS.map(str),
)
RULE_SETS = full(RuleSetUsed, version_id=IDS.map(str), name=WORDS, number=st.integers(1, 10**6))
PROOFS = full(Proof, status=st.sampled_from(ProofStatus), bound=MINOR, nodes=COUNTS)
TRACES = full(
    Trace,
    rule_set=st.none() | RULE_SETS,
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    chosen=PLANS,
    others=several(PLANS),
    eliminated=several(ELIMINATIONS, 5),
    binding=several(st.sampled_from(["MAX_PARCELS", "SHARE", "CAPACITY", "OTHER"])),
    proof=PROOFS,
    plan_hash=st.text("0123456789abcdef", min_size=64, max_size=64),
    microseconds=COUNTS,
    max_parcels_rule=st.none() | WORDS,
)
