"""Texts from outside, checked and in one form: lines, codes, countries, languages."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from domain.common.errors import ValidationFailed

Texts = Mapping[str, str]
"""The same text in several languages, by language tag."""

DEFAULT_LANGUAGE = "en"
MAX_TAGS = 50
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TAG = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_COUNTRIES = frozenset(
    re.findall(
        "..",
        "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCG"
        "CHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGL"
        "GMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLA"
        "LBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONP"
        "NRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSV"
        "SXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW",
    )
)
"""ISO 3166-1 alpha-2, and XK (Kosovo, user-assigned and in general use)."""


def one_line(field: str, text: str, longest: int) -> str:
    """`text` in Unicode form NFC, blanks trimmed and runs of blanks made one; may be empty.

    Raises:
        ValidationFailed: it has more than `longest` characters, or control characters.
    """
    return " ".join(_checked(field, text, longest, "").split())


def needed_line(field: str, text: str, longest: int) -> str:
    """As `one_line`, never empty.

    Raises:
        ValidationFailed: see `one_line`, or nothing is left.
    """
    line = one_line(field, text, longest)
    if not line:
        raise ValidationFailed(field, "must not be empty")
    return line


def paragraphs(field: str, text: str, longest: int) -> str:
    """`text` in Unicode form NFC, trimmed; line breaks and tabs stay; may be empty.

    Raises:
        ValidationFailed: it has more than `longest` characters, or other control characters.
    """
    return _checked(field, text.replace("\r\n", "\n"), longest, "\n\t").strip()


def _checked(field: str, text: str, longest: int, allowed: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    if len(normal) > longest:
        raise ValidationFailed(field, f"must have at most {longest} characters")
    for character in normal:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed:
            raise ValidationFailed(field, "must not contain control characters")
    return normal


def checked_code(field: str, code: str) -> str:
    """`code` itself: 1 to 64 ASCII letters, digits, `.`, `_` and `-`, a letter or digit first.

    Raises:
        ValidationFailed: otherwise.
    """
    if not _CODE.fullmatch(code):
        raise ValidationFailed(
            field, "must be 1 to 64 letters, digits, '.', '_' or '-', a letter or digit first"
        )
    return code


def checked_country(field: str, country: str) -> str:
    """`country` itself, a code of ISO 3166-1 alpha-2 in capitals.

    Raises:
        ValidationFailed: otherwise.
    """
    if country not in _COUNTRIES:
        raise ValidationFailed(field, "must be an ISO 3166-1 alpha-2 code such as IT")
    return country


def checked_tags(field: str, tags: Iterable[str]) -> tuple[str, ...]:
    """`tags` sorted, each once.

    Raises:
        ValidationFailed: more than 50, or one is not 1 to 50 small letters, digits, `_` and `-`.
    """
    unique = tuple(sorted(set(tags)))
    if len(unique) > MAX_TAGS or not all(_TAG.fullmatch(tag) for tag in unique):
        raise ValidationFailed(
            field, f"must be at most {MAX_TAGS} words of small letters, digits, '_' and '-'"
        )
    return unique


def checked_language(field: str, language: str) -> str:
    """`language` itself, a tag such as `it` or `de-CH` (BCP 47, language and region only).

    Raises:
        ValidationFailed: otherwise.
    """
    if not _LANGUAGE.fullmatch(language):
        raise ValidationFailed(field, "must be a language tag such as it or de-CH")
    return language


def text_in(texts: Texts, language: str) -> str:
    """The text in `language`, else in its base language, else in English, else in the language that
    comes first in the alphabet; empty when there is no text at all.
    """
    for wanted in (language, language.partition("-")[0], DEFAULT_LANGUAGE):
        if wanted in texts:
            return texts[wanted]
    return texts[min(texts)] if texts else ""
