"""Every message in every language: complete, escaped, short enough for a phone."""

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from string import Formatter
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import OrderLineId, Sku
from domain.locations.model import Location
from domain.notifications.gsm import ONE_MESSAGE, gsm_text, septets
from domain.notifications.model import PARTNERS_ONLY, NotificationKind
from domain.notifications.rendering import Message, Scene, Shop, rendered
from domain.notifications.wording import LANGUAGES, language_for
from domain.orders.model import Line, Order, Pickup
from domain.orders.states import GroupState
from tests.domain.orders.test_lifecycle import order_in

SHOP = Shop("Bottega", "https://bottega.example/orders/{number}?t={token}", "Europe/Rome")
KINDS = sorted(set(NotificationKind) - PARTNERS_ONLY)
NAMES = {"shop", "number", "total", "refunded", "tracking", "date", "code", "place"}
FACTS = {
    "carrier": "GLS",
    "trackingNumbers": ["GL123456789IT"],
    "expectedAt": "2026-12-09T23:30:00+00:00",
}


def an_order(language: str = "en", **changes: Any) -> Order:
    line = Line(
        OrderLineId(UUID(int=1)), 1, Sku("HAT"), {"it": "Cappello", "en": "Hat"}, 2, 1990,
        Decimal("0.22"), 718, 3980, {Sku("HAT"): 1},
    )  # fmt: skip
    order = order_in(GroupState.ALLOCATED)
    group = replace(order.groups[0], line_id=line.id, quantity=2)
    given = {"number": "U-7K3F-92QX", "language": language, "country": "IT", "currency": "EUR"}
    totals = {"items_minor": 3980, "total_minor": 3980, "shipping_minor": 0}
    parts = {"lines": (line,), "groups": (group,), "pickup": Pickup("K7M2QX")}
    return replace(order, **{**given, **totals, **parts, **changes})


def a_place(**changes: Any) -> Location:
    blank: dict[str, Any] = dict.fromkeys(Location.__dataclass_fields__)
    known = {"name": "Bottega Roma", "street": "Via del Corso 100", "city": "Roma"}
    values: dict[str, Any] = {**blank, **known, "time_zone": "Europe/Rome", **changes}
    return Location(**values)


def message(kind: NotificationKind, order: Order, **changes: Any) -> Message:
    scene = Scene(order, FACTS, "Ada", a_place(), SHOP)
    return rendered(kind, replace(scene, **changes))


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


class _Balanced(HTMLParser):
    """Knows which tags are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_words_that_hold_known_names_only(language: str) -> None:
    words = LANGUAGES[language]
    assert sorted(words.kinds) == KINDS
    for kind, wording in words.kinds.items():
        for text in (wording.subject, *wording.paragraphs, wording.sms):
            assert names_in(text) <= NAMES, kind
        english = LANGUAGES["en"].kinds[kind]
        for ours, theirs in zip(
            (wording.subject, " ".join(wording.paragraphs), wording.sms),
            (english.subject, " ".join(english.paragraphs), english.sms),
            strict=True,
        ):
            assert names_in(ours) == names_in(theirs), kind


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_message_renders(kind: NotificationKind, language: str) -> None:
    made = message(kind, an_order(language))
    for text in (made.subject, made.text, made.html, made.sms):
        assert "U-7K3F-92QX" in text
        assert "{" not in text
        assert "None" not in text
    parser = _Balanced()
    parser.feed(made.html)
    assert parser.open == []
    assert f'<html lang="{language}">' in made.html
    assert septets(made.sms) <= ONE_MESSAGE
    assert made.sms == gsm_text(made.sms)
    assert "\n" not in made.subject


def test_what_customers_wrote_is_escaped_in_html_only() -> None:
    made = message(NotificationKind.SHIPPED, an_order(), first_name="<b>Ada & Co</b>")
    assert "Hello &lt;b&gt;Ada &amp; Co&lt;/b&gt;," in made.html
    assert "Hello <b>Ada & Co</b>," in made.text


def test_links_lead_to_the_order_and_to_the_parcel() -> None:
    made = message(NotificationKind.SHIPPED, an_order(tracking_token="a/b c"))
    assert 'href="https://bottega.example/orders/U-7K3F-92QX?t=a%2Fb%20c"' in made.html
    assert 'match=GL123456789IT"' in made.html
    assert "https://bottega.example/orders/U-7K3F-92QX?t=a%2Fb%20c" in made.text
    assert (
        message(
            NotificationKind.SHIPPED, an_order(), shop=replace(SHOP, order_page=""), facts={}
        ).html.count("<a ")
        == 0
    )


@pytest.mark.parametrize(
    ("currency", "minor", "language", "country", "amount"),
    [
        ("EUR", 123456, "it", "IT", "1.234,56 €"),
        ("EUR", 123456, "en", "GB", "€1,234.56"),
        ("JPY", 1200, "en", "JP", "¥1,200"),
        ("KWD", 1234, "es", "ES", "1,234 KWD"),
    ],
)
def test_money_is_written_as_language_and_country_do(
    currency: str, minor: int, language: str, country: str, amount: str
) -> None:
    order = an_order(language, currency=currency, country=country)
    order = replace(
        order,
        total_minor=minor,
        items_minor=minor,
        lines=(replace(order.lines[0], total_minor=minor),),
    )
    text = message(NotificationKind.ORDER_CONFIRMED, order).text.replace("\xa0", " ")
    assert re.search(rf": {re.escape(amount)}$", text, re.MULTILINE), text


def test_what_makes_up_the_total_is_shown() -> None:
    order = an_order(
        country="GB",
        discount_minor=500,
        shipping_minor=590,
        tax_minor=700,
        tax_included=False,
        total_minor=4770,
    )
    text = message(NotificationKind.ORDER_CONFIRMED, order).text
    assert "Discount: -€5.00\nShipping: €5.90\nTax: €7.00\nTotal: €47.70\n" in text


def test_dates_are_those_of_the_place() -> None:
    late = NotificationKind.DELIVERY_DELAYED
    assert "10 December 2026" in message(late, an_order()).text
    away = a_place(time_zone="America/New_York")
    assert "9 December 2026" in message(late, an_order(), place=away).text
    assert "not known yet" in message(late, an_order(), facts={}).text
    ready = NotificationKind.READY_FOR_PICKUP
    facts = {"collectUntil": "2026-12-09T18:30:00+00:00"}
    assert "9 dicembre 2026 19:30" in message(ready, an_order("it"), facts=facts).text


def test_languages_without_words_read_english() -> None:
    assert {tag: language_for(tag).code for tag in ("it-CH", "es", "fr", "de-AT", "EN-us")} == {
        "it-CH": "it", "es": "es", "fr": "en", "de-AT": "en", "EN-us": "en",
    }  # fmt: skip


@given(st.text(max_size=200))
def test_text_messages_keep_to_their_alphabet(text: str) -> None:
    short = gsm_text(text)
    assert gsm_text(short) == short
    assert septets(short) >= len(short)


def test_text_messages_lose_accents_that_phones_lack() -> None:
    assert gsm_text("più “Łódź” – así…") == 'più "?odz" - asi...'
    assert septets("€10") == 4
