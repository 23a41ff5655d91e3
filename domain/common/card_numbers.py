"""Card numbers must not be stored anywhere, not even by accident in a note (PCI DSS 3.5)."""

import re
from itertools import accumulate

from domain.common.errors import ValidationFailed

SHORTEST, LONGEST = 13, 19
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
    (`4111 1111 1111 1111`) and other groups stand beside it.

    Raises:
        ValidationFailed: for `field`; the message does not repeat the number.
    """
    for run in _GROUPS.finditer(text):
        groups = re.findall(r"\d+", run.group())
        for start in range(len(groups)):
            for joined in accumulate(groups[start:]):
                if len(joined) > LONGEST:
                    break
                if len(joined) >= SHORTEST and passes_luhn(joined):
                    raise ValidationFailed(field, "must not contain a payment card number")
