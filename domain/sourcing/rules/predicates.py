"""Single predicates as JSON values and back, each value checked. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, cast

from domain.catalog.model import ChannelKind, checked_sku
from domain.common.errors import ValidationFailed
from domain.common.texts import checked_code, checked_country, checked_tags
from domain.locations.model import LocationKind
from domain.sourcing.rules.conditions import (
    Among,
    Asked,
    AtDestination,
    Destination,
    Distant,
    Fact,
    IsHome,
    LocationAmong,
    LocationAsked,
    LocationFact,
    Match,
    Measure,
    Measured,
    OnDates,
    OnWeekdays,
    Tagged,
    Trusted,
)
from domain.sourcing.rules.model import DELIVERY_MODES

T = TypeVar("T")
Form = dict[str, Any]
MAX_VALUES = 500
MAX_MEASURE = 1_000_000_000
MAX_KM = 20_040
"""Half around the earth."""

_CHECKS: Mapping[str, Callable[[str, str], str]] = {
    Fact.CHANNEL: checked_code,
    Fact.COUNTRY: checked_country,
    Fact.ORDER_TYPE: lambda path, text: _one_of(path, text, frozenset(ChannelKind)),
    Fact.DELIVERY_MODE: lambda path, text: _one_of(path, text, DELIVERY_MODES),
    Fact.SKU: checked_sku,
    LocationFact.CODE: checked_code,
    LocationFact.KIND: lambda path, text: _one_of(path, text, frozenset(LocationKind)),
}
"""How values of a fact are checked; countries are the same for orders and locations."""


def asked_of(name: str, value: Any, path: str) -> Asked:
    """The predicate of that name over an order and a line.

    Raises:
        ValidationFailed: for `path`, when there is no such predicate or its value is malformed.
    """
    match name:
        case "channel" | "country" | "orderType" | "deliveryMode" | "sku":
            values, negated = _list(name, value, path)
            return Among(Fact(name), values, negated)
        case "skuTags":
            return _tags(value, path)
        case "weightG" | "quantity" | "orderUnits":
            return Measured(Measure(name), *_limits(value, path, MAX_MEASURE))
        case "weekday":
            return OnWeekdays(_weekdays(value, path))
        case "date":
            return _dates(value, path)
        case _:
            raise ValidationFailed(path, "is not known")


def asked_form(asked: Asked) -> Form:
    """The predicate as JSON values: what `asked_of` reads."""
    match asked:
        case Among(fact, values, negated):
            return {fact.value: {"notIn" if negated else "in": list(values)}}
        case Tagged(match, tags):
            return {"skuTags": {match.value: list(tags)}}
        case Measured(measure, least, most):
            return {measure.value: _present(atLeast=least, atMost=most)}
        case OnWeekdays(days):
            return {"weekday": list(days)}
        case OnDates(first, last):
            texts = {"from": first and first.isoformat(), "until": last and last.isoformat()}
            return {"date": _present(**texts)}


def location_asked_of(name: str, value: Any, path: str) -> LocationAsked:
    """The predicate of that name over a location; see `asked_of`."""
    match name:
        case "code" | "kind" | "country":
            values, negated = _list(name, value, path)
            return LocationAmong(LocationFact(name), values, negated)
        case "destination":
            text = _one_of(path, value, frozenset(Destination))
            return AtDestination(Destination(text))
        case "tags":
            return _tags(value, path)
        case "trust":
            return _trust(value, path)
        case "distanceKm":
            return Distant(*_limits(value, path, MAX_KM))
        case "home":
            if not isinstance(value, bool):
                raise ValidationFailed(path, "must be true or false")
            return IsHome(value)
        case _:
            raise ValidationFailed(path, "is not known")


def location_asked_form(asked: LocationAsked) -> Form:
    """The predicate as JSON values: what `location_asked_of` reads."""
    match asked:
        case LocationAmong(fact, values, negated):
            return {fact.value: {"notIn" if negated else "in": list(values)}}
        case AtDestination(where):
            return {"destination": where.value}
        case Tagged(match, tags):
            return {"tags": {match.value: list(tags)}}
        case Trusted(least, below):
            texts = {"atLeast": None if least is None else str(least)}
            return {"trust": _present(**texts, below=None if below is None else str(below))}
        case Distant(least, most):
            return {"distanceKm": _present(atLeast=least, atMost=most)}
        case IsHome(yes):
            return {"home": yes}


def _present(**given: Any) -> Form:
    return {key: value for key, value in given.items() if value is not None}


def _list(fact: str, value: Any, path: str) -> tuple[tuple[str, ...], bool]:
    key, values = _single(value, path, ("in", "notIn"))
    texts = _texts(values, path)
    if not 1 <= len(texts) <= MAX_VALUES:
        raise ValidationFailed(path, f"must name 1 to {MAX_VALUES}")
    check = _CHECKS[fact]
    return tuple(sorted({check(path, text) for text in texts})), key == "notIn"


def _tags(value: Any, path: str) -> Tagged:
    key, values = _single(value, path, tuple(match.value for match in Match))
    tags = checked_tags(path, _texts(values, path))
    if not tags:
        raise ValidationFailed(path, "must name a tag")
    return Tagged(Match(key), tags)


def _limits(value: Any, path: str, most: int) -> tuple[int | None, int | None]:
    low, high = _pair(value, path, "atLeast", "atMost")
    for limit in (low, high):
        number = isinstance(limit, int) and not isinstance(limit, bool)
        if limit is not None and not (number and 0 <= limit <= most):
            raise ValidationFailed(path, f"must be 0 to {most}")
    if low is not None and high is not None and low > high:
        raise ValidationFailed(path, "must not be at least more than it is at most")
    return low, high


def _trust(value: Any, path: str) -> Trusted:
    low, high = _pair(value, path, "atLeast", "below")
    least, below = (None if each is None else _part(each, path) for each in (low, high))
    if least is not None and below is not None and least >= below:
        raise ValidationFailed(path, "must be below more than it is at least")
    return Trusted(least, below)


def _part(value: Any, path: str) -> Decimal:
    try:
        part = Decimal(str(value))
    except InvalidOperation as error:
        raise ValidationFailed(path, "must be 0 to 1") from error
    if not (part.is_finite() and 0 <= part <= 1):
        raise ValidationFailed(path, "must be 0 to 1")
    return part.quantize(Decimal("0.01"))


def _weekdays(value: Any, path: str) -> tuple[int, ...]:
    days = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()
    if not days or not all(type(day) is int and 1 <= day <= 7 for day in days):
        raise ValidationFailed(path, "must be days from 1 (Monday) to 7 (Sunday)")
    return tuple(sorted(set(days)))


def _dates(value: Any, path: str) -> OnDates:
    first, last = (_date(each, path) for each in _pair(value, path, "from", "until"))
    if first is not None and last is not None and last < first:
        raise ValidationFailed(path, "must not end before it begins")
    return OnDates(first, last)


def _date(value: Any, path: str) -> date | None:
    if value is None or type(value) is date:
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValidationFailed(path, "must be dates such as 2026-10-01") from error


def _single(value: Any, path: str, keys: Sequence[str]) -> tuple[str, Any]:
    given = _object(value, path)
    if len(given) != 1 or not set(given) <= set(keys):
        raise ValidationFailed(path, f"must have one key of {', '.join(keys)}")
    return next(iter(given.items()))


def _pair(value: Any, path: str, low: str, high: str) -> tuple[Any, Any]:
    given = {key: limit for key, limit in _object(value, path).items() if limit is not None}
    if not given or not set(given) <= {low, high}:
        raise ValidationFailed(path, f"must have {low}, {high} or both")
    return given.get(low), given.get(high)


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValidationFailed(path, "must be an object")
    return cast("Mapping[str, Any]", value)


def _texts(values: Any, path: str) -> list[str]:
    if not isinstance(values, list | tuple):
        raise ValidationFailed(path, "must be a list of texts")
    texts = cast("Sequence[Any]", values)
    if not all(isinstance(text, str) for text in texts):
        raise ValidationFailed(path, "must be a list of texts")
    return list(texts)


def _one_of(path: str, text: Any, known: frozenset[str]) -> str:
    if not isinstance(text, str) or text not in known:
        raise ValidationFailed(path, f"must be one of {', '.join(sorted(known))}")
    return str(text)
