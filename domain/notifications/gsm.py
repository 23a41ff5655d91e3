"""Texts in the alphabet of SMS (GSM 03.38): 160 septets fit into one message. Pure."""

import unicodedata

ONE_MESSAGE = 160
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€")
_ALIKE = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
    }
)
"""Quotation marks, dashes and the ellipsis."""


def gsm_text(text: str) -> str:
    """`text` with every character that the alphabet does not have replaced by one alike: without
    its accent, else `?`.
    """
    return "".join(_alike(each) for each in text.translate(_ALIKE))


def _alike(character: str) -> str:
    if character in _BASIC or character in _EXTENDED:
        return character
    if character.isspace():
        return " "
    plain = "".join(each for each in unicodedata.normalize("NFKD", character) if each in _BASIC)
    return plain or "?"


def septets(text: str) -> int:
    """How long a text of that alphabet is; characters of the extension count twice."""
    return sum(2 if each in _EXTENDED else 1 for each in text)
