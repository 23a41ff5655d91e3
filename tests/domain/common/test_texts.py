import pytest

from domain.common.errors import ValidationFailed
from domain.common.texts import (
    checked_code,
    checked_country,
    checked_language,
    needed_line,
    one_line,
    paragraphs,
    text_in,
)


def test_a_line_is_normalised_and_trimmed() -> None:
    assert one_line("name", "  Cafe\u0301\u00a0 Roma ", 20) == "Café Roma"
    assert one_line("name", "", 20) == ""
    assert paragraphs("text", " a\r\n\tb \n", 20) == "a\n\tb"


@pytest.mark.parametrize("bad", ["a\u0000", "a\u001b[31m", "a\ud800", "a\nb", "x" * 21])
def test_control_characters_and_long_lines_are_refused(bad: str) -> None:
    with pytest.raises(ValidationFailed):
        one_line("name", bad, 20)


def test_a_needed_line_is_not_blank() -> None:
    with pytest.raises(ValidationFailed):
        needed_line("name", " \u2003 ", 20)


def test_codes_countries_and_languages_have_their_form() -> None:
    assert checked_code("code", "A.b_1-2") == "A.b_1-2"
    assert checked_country("country", "ES") == "ES"
    assert checked_language("language", "de-CH") == "de-CH"
    for code in ("", "-a", "a b", "ä", "x" * 65):
        with pytest.raises(ValidationFailed):
            checked_code("code", code)
    for country in ("it", "XX", "ITA", ""):
        with pytest.raises(ValidationFailed):
            checked_country("country", country)
    for language in ("IT", "italian", "it_IT", "", "it-it"):
        with pytest.raises(ValidationFailed):
            checked_language("language", language)


def test_a_text_falls_back_to_base_language_then_english_then_the_first() -> None:
    texts = {"it": "cappello", "en": "hat", "es": "sombrero"}
    assert text_in(texts, "es") == "sombrero"
    assert text_in(texts, "it-CH") == "cappello"
    assert text_in(texts, "fr") == "hat"
    assert text_in({"it": "cappello", "es": "sombrero"}, "fr") == "sombrero"
    assert text_in({}, "fr") == ""
