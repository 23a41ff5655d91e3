"""Messages out of words and what is known when they are sent. Pure; HTML is escaped throughout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency

from domain.common.money import Money
from domain.common.texts import text_in
from domain.locations.model import Location
from domain.notifications.gsm import ONE_MESSAGE, gsm_text, septets
from domain.notifications.model import NotificationKind
from domain.notifications.wording import Language, language_for
from domain.orders.model import Order

LONGEST_SMS = 459
"""Three messages that phones show as one."""

_WITH_LINES = frozenset({NotificationKind.ORDER_CONFIRMED})
_TO_THE_MINUTE = frozenset({NotificationKind.READY_FOR_PICKUP, NotificationKind.PAYMENT_DECLINED})
_PARCEL_PAGES = {
    "DHL": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}",
    "FEDEX": "https://www.fedex.com/fedextrack/?trknbr={}",
    "GLS": "https://gls-group.com/EU/en/parcel-tracking?match={}",
    "UPS": "https://www.ups.com/track?tracknum={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
}
"""Where carriers show a parcel to everybody, by the carrier's code."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Who writes. `order_page` is the address of a page of the merchant's where customers see an
    order, with `{number}` and `{token}` in it; empty if there is none.
    """

    name: str
    order_page: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What a message is about, as of now. `place` is where goods are collected, or come from;
    `return_code` is what opens a return in a store, a secret of the customer.
    """

    order: Order
    facts: Mapping[str, Any]
    first_name: str
    place: Location | None
    shop: Shop
    return_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A message, on every channel for people. Holds personal data."""

    language: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    sms: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Link:
    label: str
    url: str


def rendered(kind: NotificationKind, scene: Scene) -> Message:
    """The message of that kind, in the language of the order."""
    words = language_for(scene.order.language)
    wording = words.kinds[kind]
    locale = locale_of(words, scene.order.country)
    names = _names(kind, scene, words, locale)
    hello = words.hello if scene.first_name else words.hello_stranger
    paragraphs = [
        hello.format(name=scene.first_name),
        *[paragraph.format(**names) for paragraph in wording.paragraphs],
    ]
    if kind is NotificationKind.RETURN_AUTHORISED and scene.return_code:
        paragraphs.append(words.show_code.format(code=scene.return_code))
    table = _lines(scene.order, words, locale) if kind in _WITH_LINES else []
    total = (words.total, names["total"])
    links = _links(scene, words)
    closing = words.closing.format(**names)
    subject = wording.subject.format(**names)
    return Message(
        language=words.code,
        subject=subject,
        text=_text(paragraphs, table, total, links, closing),
        html=_html(words.code, subject, paragraphs, table, total, links, closing),
        sms=_sms(wording.sms.format(**names), links),
    )


def locale_of(words: Language, country: str) -> Locale:
    """The language as it is written in the country, else as in general."""
    try:
        return Locale.parse(f"{words.code}_{country}")
    except (UnknownLocaleError, ValueError):
        return Locale(words.code)


def _names(kind: NotificationKind, scene: Scene, words: Language, locale: Locale) -> dict[str, str]:
    order, place = scene.order, scene.place
    refunded = sum(payment.refunded_minor for payment in order.payments)
    numbers = ", ".join(scene.facts.get("trackingNumbers", ()))
    return {
        "shop": scene.shop.name,
        "number": order.number,
        "total": _money(order.payable_minor, order.currency, locale),
        "refunded": _money(refunded, order.currency, locale),
        "tracking": f"{scene.facts.get('carrier', '')} {numbers}".strip(),
        "date": _date(kind, scene, locale) or words.unknown_date,
        "code": order.pickup.code if order.pickup else "",
        "place": _address(place) if place else "",
    }


def _money(amount_minor: int, currency: str, locale: Locale) -> str:
    amount = Money(amount_minor, currency).amount
    return format_currency(amount, currency, locale=locale, decimal_quantization=False)


def _date(kind: NotificationKind, scene: Scene, locale: Locale) -> str | None:
    """The date that the message is about, where the goods are."""
    facts, order = scene.facts, scene.order
    given = facts.get("expectedAt") or facts.get("promisedAt") or facts.get("collectUntil")
    moment = datetime.fromisoformat(given) if given else None
    if kind is NotificationKind.PAYMENT_DECLINED:
        moment = order.pay_until
    if moment is None:
        return None
    zone = ZoneInfo(scene.place.time_zone if scene.place else scene.shop.time_zone)
    local = moment.astimezone(zone)
    day = format_date(local.date(), "long", locale=locale)
    if kind in _TO_THE_MINUTE:
        return f"{day} {local:%H:%M}"
    return day


def _address(place: Location) -> str:
    return ", ".join(part for part in (place.name, place.street, place.city) if part)


def _lines(order: Order, words: Language, locale: Locale) -> list[tuple[str, str]]:
    """What was bought and what each line costs, and what else makes up the total."""
    lines = [
        (
            f"{line.ordered_quantity} x {text_in(line.names, words.code) or line.sku}",
            line.total_minor,
        )
        for line in order.lines
    ]
    others = [
        (words.discount, -order.discount_minor),
        (words.shipping, order.shipping_minor),
        (words.tax, 0 if order.tax_included else order.tax_minor),
    ]
    rows = [*lines, *[(label, minor) for label, minor in others if minor]]
    return [(label, _money(minor, order.currency, locale)) for label, minor in rows]


def _links(scene: Scene, words: Language) -> list[_Link]:
    links: list[_Link] = []
    if scene.shop.order_page:
        number, token = quote(scene.order.number, safe=""), quote(scene.order.tracking_token, "")
        page = scene.shop.order_page.replace("{number}", number).replace("{token}", token)
        links.append(_Link(words.follow_order, page))
    page = _PARCEL_PAGES.get(str(scene.facts.get("carrier", "")).upper())
    if page is not None:
        for each in scene.facts.get("trackingNumbers", ()):
            label = words.follow_parcel.format(parcel=each)
            links.append(_Link(label, page.format(quote(each, safe=""))))
    return links


def _sms(text: str, links: Sequence[_Link]) -> str:
    """The text with the first link, if both fit into one message."""
    short = gsm_text(text)
    for link in links[:1]:
        longer = f"{short} {gsm_text(link.url)}"
        if septets(longer) <= ONE_MESSAGE:
            return longer
    return short[:LONGEST_SMS]


def _text(
    paragraphs: Sequence[str],
    table: Sequence[tuple[str, str]],
    total: tuple[str, str],
    links: Sequence[_Link],
    closing: str,
) -> str:
    rows = [f"{label}: {amount}" for label, amount in [*table, total]] if table else []
    parts = [*paragraphs]
    if rows:
        parts.append("\n".join(rows))
    parts += [f"{link.label}:\n{link.url}" for link in links]
    return "\n\n".join([*parts, f"-- \n{closing}"]) + "\n"


_FONT = "font-family:Helvetica,Arial,sans-serif"
_BUTTON = (
    "display:inline-block;padding:12px 20px;border-radius:6px;background:#1d4ed8;color:#ffffff;"
    "text-decoration:none"
)


def _html(
    language: str,
    subject: str,
    paragraphs: Sequence[str],
    table: Sequence[tuple[str, str]],
    total: tuple[str, str],
    links: Sequence[_Link],
    closing: str,
) -> str:
    blocks = [f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs]
    if table:
        cell = '<td style="padding:6px 0;border-bottom:1px solid #e5e7eb{extra}">{text}</td>'
        rows = "".join(
            "<tr>"
            + cell.format(extra=weight, text=escape(label))
            + cell.format(extra=f";text-align:right{weight}", text=escape(amount))
            + "</tr>"
            for label, amount, weight in [
                *[(label, amount, "") for label, amount in table],
                (*total, ";font-weight:bold"),
            ]
        )
        blocks.append(f'<table style="width:100%;border-collapse:collapse">{rows}</table>')
    blocks += [
        f'<p><a href="{escape(link.url)}" style="{_BUTTON}">{escape(link.label)}</a></p>'
        for link in links
    ]
    body = "\n".join(blocks)
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(subject)}</title></head>
<body style="margin:0;background:#f3f4f6;{_FONT};color:#111827;line-height:1.5">
<div style="max-width:560px;margin:24px auto;padding:24px;background:#ffffff;border-radius:8px">
<h1 style="font-size:20px;margin:0 0 16px">{escape(subject)}</h1>
{body}
<p style="margin-top:32px;font-size:12px;color:#6b7280">{escape(closing)}</p>
</div>
</body>
</html>
"""
