from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.periods import Fitting, Overlapping, Period, check_order, fit
from domain.common.errors import ValidationFailed

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def period(key: int, starts: int | None, ends: int | None) -> Period:
    return Period(
        UUID(int=key),
        day(starts) if starts is not None else None,
        day(ends) if ends is not None else None,
    )


OPEN = period(1, 5, None)


def test_the_first_period_fits_as_it_is() -> None:
    assert fit([], day(20), None, now=NOW) == Fitting()


def test_an_open_period_is_cut() -> None:
    assert fit([OPEN], day(20), None, now=NOW) == Fitting(cut=OPEN.id)
    always = period(2, None, None)
    assert fit([always], day(20), None, now=NOW) == Fitting(cut=always.id)


def test_an_interrupted_period_resumes() -> None:
    assert fit([OPEN], day(20), day(25), now=NOW) == Fitting(cut=OPEN.id, resumes=True)


def test_periods_may_touch() -> None:
    assert fit([period(1, 5, 20)], day(20), None, now=NOW) == Fitting()
    assert fit([period(1, 20, None)], day(15), day(20), now=NOW) == Fitting()


def test_a_planned_period_is_replaced_by_one_with_its_limits() -> None:
    planned = period(2, 20, 25)
    assert fit([planned], day(20), day(25), now=NOW) == Fitting(replaced=planned.id)
    open_end = period(2, 20, None)
    assert fit([open_end], day(20), None, now=NOW) == Fitting(replaced=open_end.id)


@pytest.mark.parametrize(
    ("existing", "starts", "ends"),
    [
        ([period(1, 5, 20)], 10, None),
        ([period(1, 20, None)], 10, None),
        ([period(1, 5, 8)], 5, 8),  # in force already, or past
        ([period(1, 5, None)], 5, None),
        ([period(1, 5, 20), period(2, 20, None)], 15, 25),
    ],
)
def test_anything_else_in_the_way_is_refused(
    existing: list[Period], starts: int, ends: int | None
) -> None:
    with pytest.raises(Overlapping) as caught:
        fit(existing, day(starts), day(ends) if ends else None, now=NOW)
    assert caught.value.period == existing[0]


def test_a_period_has_a_length() -> None:
    check_order(day(1), None)
    with pytest.raises(ValidationFailed):
        check_order(day(1), day(1))


wanted = st.tuples(st.integers(0, 40), st.none() | st.integers(1, 20))


@given(st.lists(wanted, max_size=12))
def test_periods_that_fit_never_overlap(requests: list[tuple[int, int | None]]) -> None:
    known: list[Period] = []
    for starts, length in requests:
        begins = day(starts)
        ends = day(starts + length) if length else None
        try:
            fitting = fit(known, begins, ends, now=NOW)
        except Overlapping:
            continue
        if fitting.replaced is None:
            cut = next((each for each in known if each.id == fitting.cut), None)
            known = [replace(each, ends=begins) if each is cut else each for each in known]
            known.append(Period(uuid4(), begins, ends))
            if fitting.resumes:
                known.append(Period(uuid4(), ends, None))
        for one in known:
            for other in known:
                assert one is other or not one.overlaps(other.starts or day(0), other.ends)
