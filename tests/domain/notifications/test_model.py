"""Who is told where, how long to wait, and what the log is worth telling."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, CustomerId, OrderId
from domain.notifications.endpoints import checked_url, new_secret
from domain.notifications.model import (
    Endpoint,
    EndpointId,
    NotificationChannel,
    NotificationKind,
    Preferences,
    Recipient,
    customer_channels,
    masked_email,
    masked_phone,
    tries_of,
    wait_before,
)
from domain.notifications.news import News, Noticed, told_by
from domain.orders.notices import NoticeKind

ORDER = OrderId(UUID(int=7))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
EMAIL, SMS, WEBHOOK = NotificationChannel


def recipient(*channels: NotificationChannel, **changes: Any) -> Recipient:
    muted = changes.pop("muted", ())
    wanted = Preferences(CustomerId(UUID(int=1)), channels or (EMAIL,), muted)
    given: dict[str, Any] = {"loaded_at": None, "has_email": True, "has_phone": True, **changes}
    return Recipient(ORDER, ChannelCode("WEB"), preferences=wanted, **given)


def test_customers_are_told_where_they_want_it_and_can_be_reached() -> None:
    kind = NotificationKind.SHIPPED
    assert customer_channels(recipient(), kind) == [EMAIL]
    assert customer_channels(recipient(EMAIL, SMS), kind) == [EMAIL, SMS]
    assert customer_channels(recipient(SMS, has_phone=False), kind) == [EMAIL]
    assert customer_channels(recipient(has_email=False), kind) == [SMS]
    assert customer_channels(recipient(has_email=False, has_phone=False), kind) == [EMAIL]
    assert customer_channels(recipient(muted=(kind,)), kind) == []
    assert customer_channels(recipient(), NotificationKind.ORDER_PLACED) == []


@given(
    st.sampled_from(NotificationChannel), st.integers(1, 30), st.floats(0, 1), st.integers(0, 10**7)
)
def test_waits_grow_are_spread_and_heed_the_receiver(
    channel: NotificationChannel, failed: int, chance: float, asked: int
) -> None:
    wait = wait_before(channel, failed, chance)
    assert wait_before(channel, failed, 0) <= wait <= wait_before(channel, failed, 1)
    assert wait_before(channel, failed + 1, chance) >= wait
    heeded = wait_before(channel, failed, chance, timedelta(seconds=asked))
    assert heeded >= min(timedelta(seconds=asked), timedelta(days=1))


def test_partners_are_tried_on_the_schedule_of_standard_webhooks() -> None:
    waits = [wait_before(WEBHOOK, n, 0.5).total_seconds() for n in range(1, tries_of(WEBHOOK))]
    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]


def test_addresses_are_masked() -> None:
    assert masked_email("ada.verdi@example.co.uk") == "a***@e***.uk"
    assert masked_phone("+390612345678") == "***78"


def endpoint(**changes: Any) -> Endpoint:
    given: dict[str, Any] = {
        "id": EndpointId(UUID(int=3)),
        "url": "https://example.com",
        "description": "",
        "kinds": (),
        "channels": (),
        "enabled": True,
        "disabled_reason": None,
        "created_by": "ADMIN:anna",
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
        "secret": "new",
    }
    return Endpoint(**{**given, **changes})


def test_endpoints_are_told_what_they_want() -> None:
    kind, web = NotificationKind.SHIPPED, ChannelCode("WEB")
    assert endpoint().wants(kind, web)
    assert not endpoint(enabled=False).wants(kind, web)
    assert not endpoint(kinds=(NotificationKind.DELIVERED,)).wants(kind, web)
    assert not endpoint(channels=("POS",)).wants(kind, web)
    both = endpoint(former_secret="old", former_until=NOW)
    assert both.secrets_at(NOW - timedelta(seconds=1)) == ("new", "old")
    assert both.secrets_at(NOW) == ("new",)
    assert "old" not in repr(both)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook", "ftp://example.com", "https://", "https:///path",
        "https://user:word@example.com", "https://example.com/#part", "https://exa mple.com",
        "https://example.com:0", "https://example.com:99999", "https://[::1", "file:///etc/passwd",
        "https://example.com/4111111111111111", "https://ex\u00e4mple.com", "x" * 2001,
    ],
)  # fmt: skip
def test_addresses_that_cannot_be_called_are_refused(url: str) -> None:
    with pytest.raises(ValidationFailed):
        checked_url(url)


def test_addresses_that_can_be_called() -> None:
    for url in ("https://example.com/hook?a=1", "https://[2001:db8::1]:8443/", "http://127.0.0.1/"):
        assert checked_url(f" {url} ") == url
    assert len({new_secret() for _ in range(10)}) == 10


def order_news(action: str = "X", status: str = "CONFIRMED", version: int = 3) -> News:
    payload = {
        "order_id": str(ORDER),
        "action": action,
        "status": status,
        "fulfillment_status": "UNFULFILLED",
        "payment_status": "CAPTURED",
        "reason": "Ada Verdi changed her mind",
    }
    return News(version, "OrderChanged", version, payload, NOW)


def noticed(kind: NoticeKind, occasion: str = "v3", **detail: Any) -> Noticed:
    return Noticed(ORDER, kind, occasion, detail, NOW)


def kinds_of(news: News, *notices: Noticed) -> list[str]:
    return [each.kind.value for each in told_by([news], notices)]


@pytest.mark.parametrize(
    ("notice", "status", "expected"),
    [
        (noticed(NoticeKind.PAYMENT_WINDOW_ENDED), "EXPIRED", ["ORDER_EXPIRED"]),
        (noticed(NoticeKind.PROMISE_MADE, promisedAt="x"), "CONFIRMED", ["PROMISE_MADE"]),
        (noticed(NoticeKind.PROMISE_CHANGED, promisedAt=None), "CONFIRMED", ["PROMISE_CHANGED"]),
        (noticed(NoticeKind.PROMISE_CHANGED, locationIds=[]), "CONFIRMED", []),
        (noticed(NoticeKind.PICKUP_CHOICE_NEEDED), "CONFIRMED", ["PICKUP_CHOICE_NEEDED"]),
        (noticed(NoticeKind.READY_FOR_PICKUP), "CONFIRMED", ["READY_FOR_PICKUP"]),
        (noticed(NoticeKind.PICKUP_EXPIRED), "CONFIRMED", ["PICKUP_EXPIRED"]),
        (noticed(NoticeKind.ORDER_EDITED), "CONFIRMED", ["ORDER_EDITED"]),
        (noticed(NoticeKind.UNITS_CANCELLED), "CONFIRMED", ["UNITS_CANCELLED"]),
        (noticed(NoticeKind.UNITS_CANCELLED), "CANCELLED", ["ORDER_CANCELLED"]),
        (noticed(NoticeKind.CANCEL_ANSWERED, accepted=True), "CANCELLED", ["ORDER_CANCELLED"]),
        (noticed(NoticeKind.CANCEL_ANSWERED, accepted=True), "CONFIRMED", ["UNITS_CANCELLED"]),
        (noticed(NoticeKind.CANCEL_ANSWERED, accepted=False), "CONFIRMED", ["CANCEL_REFUSED"]),
    ],
)
def test_what_was_noticed_is_told(notice: Noticed, status: str, expected: list[str]) -> None:
    assert kinds_of(order_news(status=status), notice) == expected


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("PLACE", ["ORDER_PLACED"]),
        ("CONFIRM_AND_HAND_OVER", ["ORDER_CONFIRMED"]),
        ("PAYMENT_DECLINED", ["PAYMENT_DECLINED"]),
        ("CANCEL", ["ORDER_CANCELLED"]),
        ("COLLECT", ["COLLECTED"]),
        ("REFUND", ["REFUNDED"]),
        ("OWE_REFUND", ["REFUND_OWED"]),
        ("CAPTURE", []),
    ],
)
def test_what_was_done_is_told(action: str, expected: list[str]) -> None:
    assert kinds_of(order_news(action)) == expected


def test_facts_hold_nothing_that_somebody_wrote() -> None:
    told = told_by([order_news("CANCEL")], [])
    assert "Ada" not in str(told[0].facts)
    assert told[0].occasion == "once"


def test_a_notice_goes_with_the_last_version_of_its_transaction() -> None:
    news = [order_news(version=3), order_news(status="CANCELLED", version=4)]
    told = told_by(news, [noticed(NoticeKind.UNITS_CANCELLED)])
    assert [(each.kind.value, each.facts["orderVersion"]) for each in told] == [
        ("ORDER_CANCELLED", 4)
    ]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("REQUESTED", ["RETURN_REQUESTED"]), ("AUTHORISED", ["RETURN_AUTHORISED"]),
        ("IN_TRANSIT", []), ("RECEIVED", ["RETURN_RECEIVED"]), ("REJECTED", ["RETURN_REJECTED"]),
        ("COMPLETED", ["RETURN_REFUNDED"]), ("EXPIRED", []),
    ],
)  # fmt: skip
def test_returns_are_told(state: str, expected: list[str]) -> None:
    payload = {"order_id": str(ORDER), "return_id": str(UUID(int=9)), "state": state}
    by_label = payload | {"method": "LABEL"}
    assert kinds_of(News(1, "ReturnChanged", 1, by_label, NOW)) == expected
    undelivered = payload | {"method": "UNDELIVERED"}
    assert kinds_of(News(1, "ReturnChanged", 1, undelivered, NOW)) == []
