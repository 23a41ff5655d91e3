"""Invoices and credit notes as PDF: what stands on them, in three languages, and who gets them."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.invoices.pdf import invoice_pdf
from app.invoices.wording import WORDINGS, wording_for
from app.pages.papers import invoice_sample, papers
from domain.accounting.documents import DocumentKind
from domain.accounting.model import TENDER_ACCOUNTS, ShareKind
from domain.common.ids import LocationId
from domain.identity.model import Role
from tests.support.api import Api, serving, settings_for
from tests.support.books import invoices_of
from tests.support.printed import text_of
from tests.support.returns import sold
from tests.support.shop import MILAN, ROME
from tests.support.stage import open_stage


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("it", ("Fattura IT26-INV-000042", "27 novembre 2026", "98,33 €", "Carta regalo")),
        ("es", ("Factura ES26-INV-000042", "27 de noviembre de 2026", "Sombrero de lana")),
        ("en", ("Invoice GB26-INV-000042", "27 November 2026", "£113.72", "Bill to")),
    ],
)
def test_an_invoice_is_in_the_language_of_its_order(language: str, words: tuple[str]) -> None:
    text = text_of(invoice_pdf(invoice_sample(language))).replace("\xa0", " ")
    for each in words:
        assert each in text


def test_without_a_party_it_names_nobody_and_what_is_written_is_no_markup() -> None:
    given = invoice_sample("en")
    line = replace(given.content.lines[0], name="<b>Hat & co</b> ש", discount_minor=0)
    content = replace(given.content, lines=(line,), tax_included=False)
    text = text_of(invoice_pdf(replace(given, party=None, content=content)))
    assert "<b>Hat & co</b> ?" in text
    assert "Ada" not in text
    assert "Prices and amounts are without VAT." in text


def test_equal_documents_give_equal_bytes_and_every_sample_is_a_pdf() -> None:
    first, second = papers(), papers()
    assert first["invoice-it"] == second["invoice-it"]
    assert all(content.startswith(b"%PDF") for content in first.values())
    assert "Nota di credito" in text_of(first["credit-note-it"])


def test_each_language_has_a_word_for_everything() -> None:
    for words in WORDINGS.values():
        assert set(words.titles) == set(DocumentKind)
        assert set(words.kinds) | {ShareKind.GOODS} == set(ShareKind)
        assert set(words.tenders) == set(TENDER_ACCOUNTS)
    assert wording_for("it-CH") is WORDINGS["it"]
    assert wording_for("de") is WORDINGS["en"]


@pytest.fixture
async def served(
    engine: AsyncEngine, clean_database: str, clean_redis: str, tmp_path: Path
) -> AsyncGenerator[tuple[Api, str]]:
    stage = await open_stage(engine, {"HAT": {"ROME": 9}})
    [issued] = await invoices_of(stage, await sold(stage))
    async with serving(settings_for(clean_database, clean_redis, tmp_path)) as opened:
        yield opened, issued["url"]


async def test_they_are_served_to_those_who_may_see_the_order(served: tuple[Api, str]) -> None:
    api, url = served

    def bearer(role: Role, *places: LocationId) -> dict[str, str]:
        token = api.token(role, locations=places) if places else api.token(role)
        return {"authorization": f"Bearer {token}"}

    found = await api.client.get(url, headers=bearer(Role.POS, ROME))
    assert (found.status_code, found.headers["content-type"]) == (200, "application/pdf")
    assert "-INV-000001" in text_of(found.content)
    for headers, status in (
        (bearer(Role.FINANCE), 200),
        (bearer(Role.POS, MILAN), 404),
        ({}, 401),
    ):
        assert (await api.client.get(url, headers=headers)).status_code == status
    unknown = url.replace(url[10:14], "ffff")
    assert (await api.client.get(unknown, headers=bearer(Role.FINANCE))).status_code == 404

    journal = "/journal.csv?from=2020-01-01&to=2100-01-01"
    for role, query, status in (
        (Role.FINANCE, "", 200),
        (Role.OPERATIONS, "", 403),
        (Role.FINANCE, "&format=SAGE_50", 400),
        (Role.FINANCE, "&format=EXCEL", 400),
        (Role.FINANCE, "&currency=euro", 400),
        (Role.FINANCE, "&format=sage_50&currency=EUR", 200),
    ):
        answer = await api.client.get(journal + query, headers=bearer(role))
        assert answer.status_code == status, (query, answer.text)
    assert answer.text.startswith("Date,Reference,Number of Distributions,G/L Account")
    wrong = await api.client.get("/journal.csv?from=x&to=y", headers=bearer(Role.FINANCE))
    assert wrong.status_code == 400
