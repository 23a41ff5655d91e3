"""Why a location does not serve, by what was kept of a decision."""

from domain.sourcing.why_not import WhyNot, WhyNotKind, why_not
from tests.domain.sourcing.examples import BARI, IBIZA, MADRID, MILAN, ROME, SIMPLE


def test_a_location_that_serves() -> None:
    assert why_not(SIMPLE, ROME) == WhyNot(WhyNotKind.SERVES)


def test_a_location_that_was_left_out() -> None:
    [at_capacity] = SIMPLE.eliminated
    assert why_not(SIMPLE, MILAN) == WhyNot(WhyNotKind.ELIMINATED, elimination=at_capacity)


def test_the_cheapest_plan_with_it_is_named() -> None:
    alone, with_ibiza = SIMPLE.others
    assert why_not(SIMPLE, MADRID) == WhyNot(WhyNotKind.RUNNER_UP, plan=alone, delta_minor=410)
    assert why_not(SIMPLE, IBIZA) == WhyNot(WhyNotKind.RUNNER_UP, plan=with_ibiza, delta_minor=845)


def test_a_location_that_no_plan_needs() -> None:
    assert why_not(SIMPLE, BARI) == WhyNot(WhyNotKind.NOT_NEEDED)
