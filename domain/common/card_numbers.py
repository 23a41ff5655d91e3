"""Card numbers must not be stored anywhere, not even by accident in a note (PCI DSS 3.5)."""

import re
from collections.abc import Iterator
from itertools import accumulate

from domain.common.errors import ValidationFailed

SHORTEST, LONGEST = 13, 19
_HEX = "[0-9A-Fa-f]"
_HEX_ID = re.compile(
    rf"(?<![0-9A-Za-z]){_HEX}{{8}}(-?){_HEX}{{4}}\1{_HEX}{{4}}\1{_HEX}{{4}}\1{_HEX}{{12}}(?![0-9A-Za-z])"
)
"""A number of 128 bits as systems write it: 32 hexadecimal digits, perhaps in the groups of a UUID
(RFC 9562).
"""

_LONG = re.compile(r"\d(?:[ \u00a0.\-]?\d){12}")
"""Without so many digits in a row, perhaps in groups, there is no card number: the quick question.
"""

_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720))\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[689]\d)\d{11,16}"  # Diners Club
    r"|(?:35\d\d|6\d{3}|5[06-8]\d\d|220[0-4]|9792|8[12]\d\d)\d{9,15}"
)
"""Numbers by the first digits that schemes have (ISO/IEC 7812): JCB, Discover, UnionPay, Maestro,
Mir, Troy and RuPay in the last line.
"""

REDACTED = "[a payment card number was here]"

_GROUPS = re.compile(r"\d+(?:[ \u00a0.\-]\d+)*")


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (Luhn, ISO/IEC 7812-1 annex B)."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        doubled = int(character) * (1 + position % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def check_no_card_number(field: str, text: str) -> None:
    """Nothing, when `text` holds no number that could be a payment card's.

    Suspect is any run of 13 to 19 digits that passes Luhn, also when it is written in groups
    (`4111 1111 1111 1111`) and other groups stand beside it. Digits inside of a 128-bit hexadecimal
    id with a letter in it are not: one in a few hundred of these would look like a card number.

    Raises:
        ValidationFailed: for `field`; the message does not repeat the number.
    """
    if any(_suspects(text)):
        raise ValidationFailed(field, "must not contain a payment card number")


def may_hold_card_number(text: str) -> bool:
    """Whether `text` has as many digits in a row, perhaps in groups, as a card number: whatever
    has fewer need not be looked at closely.
    """
    return _LONG.search(text) is not None


def has_card_number(text: str) -> bool:
    """Whether `text` holds a number that an issuer of payment cards could have given out: 13 to 19
    digits that pass Luhn, perhaps in groups, in the ranges of an issuer. For texts of any kind,
    among them numbers of parcels and products: those are rarely in these ranges, and a text that is
    nothing but the number of a product (GTIN) with its check digit is let through.
    """
    if not may_hold_card_number(text) or _is_gtin(text):
        return False
    return any(_ISSUED.fullmatch(digits) for digits in _suspects(text))


def without_card_numbers(text: str) -> str:
    """`text` with something else in place of each line that holds a card number, for logs,
    messages, and rows that are kept because they were refused.
    """
    if not may_hold_card_number(text):
        return text
    lines = text.split("\n")
    return "\n".join(REDACTED if has_card_number(line) else line for line in lines)


def _suspects(text: str) -> Iterator[str]:
    """All runs of digits in `text`, in ASCII, of the length of a card number, that pass Luhn."""
    for run in _GROUPS.finditer(_HEX_ID.sub(_masked, text)):
        groups = [_ascii(group) for group in re.findall(r"\d+", run.group())]
        for start in range(len(groups)):
            for joined in accumulate(groups[start:]):
                if len(joined) > LONGEST:
                    break
                if len(joined) >= SHORTEST and passes_luhn(joined):
                    yield joined


def _ascii(digits: str) -> str:
    return "".join(str(int(digit)) for digit in digits)


def _is_gtin(text: str) -> bool:
    """Whether the text is a number of 13 or 14 digits with the check digit of GS1."""
    if len(text) not in (13, 14) or not (text.isascii() and text.isdigit()):
        return False
    weighted = (int(digit) * (1 + 2 * (n % 2)) for n, digit in enumerate(reversed(text)))
    return sum(weighted) % 10 == 0


def _masked(found: re.Match[str]) -> str:
    """A letter in place of the id, or what was found itself when it is made of digits alone."""
    return "x" if re.search("[A-Fa-f]", found.group()) else found.group()
