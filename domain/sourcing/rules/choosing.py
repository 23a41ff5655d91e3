"""Which version of the rules counts for an order. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from domain.sourcing.model import Circumstances
from domain.sourcing.rules.model import RuleSetVersion, Scope

_Precision = tuple[bool, bool, bool, bool]


def the_one_for(
    versions: Iterable[RuleSetVersion], circumstances: Circumstances
) -> RuleSetVersion | None:
    """The version that counts for such an order, of those in force; None when none is for it.

    The most precise scope wins. A scope that names the channel is more precise than any that does
    not; among equals the country decides, then the order type, then the delivery mode. No two
    versions in force have the same scope.
    """
    fitting = [each for each in versions if covers(each.scope, circumstances)]
    return max(fitting, key=lambda each: precision(each.scope), default=None)


def covers(scope: Scope, circumstances: Circumstances) -> bool:
    """Whether such an order is in the scope."""
    return (
        scope.channel in (None, circumstances.channel)
        and scope.country in (None, circumstances.country)
        and scope.order_type in (None, circumstances.order_type)
        and scope.delivery_mode in (None, circumstances.delivery_mode)
    )


def precision(scope: Scope) -> _Precision:
    """Greater for a scope that wins over another one."""
    return (
        scope.channel is not None,
        scope.country is not None,
        scope.order_type is not None,
        scope.delivery_mode is not None,
    )


def instant_of(moment: datetime, time_zone: str) -> datetime:
    """The moment in UTC; one without an offset is local time in the zone.

    A local time that the clock skips in spring counts as much later as the clock jumps; of one that
    it shows twice in autumn the first counts (PEP 495, fold=0).
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(time_zone), fold=0)
    return moment.astimezone(UTC)
