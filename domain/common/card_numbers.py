"""Card numbers must not be stored anywhere, not even by accident in a note (PCI DSS 3.5)."""

import re
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
    for run in _GROUPS.finditer(_HEX_ID.sub(_masked, text)):
        groups = re.findall(r"\d+", run.group())
        for start in range(len(groups)):
            for joined in accumulate(groups[start:]):
                if len(joined) > LONGEST:
                    break
                if len(joined) >= SHORTEST and passes_luhn(joined):
                    raise ValidationFailed(field, "must not contain a payment card number")


def _masked(found: re.Match[str]) -> str:
    """A letter in place of the id, or what was found itself when it is made of digits alone."""
    return "x" if re.search("[A-Fa-f]", found.group()) else found.group()
