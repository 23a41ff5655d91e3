"""Tracking numbers of our own, in the form of UPU standard S10: AA 12345678 9 IT. Pure."""

_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_PER_LETTER = 10**8


def check_digit(serial: str) -> int:
    """The check digit of eight digits: the weighted sum modulo 11, as S10 (annex B) has it."""
    remainder = sum(w * int(d) for w, d in zip(_WEIGHTS, serial, strict=True)) % 11
    return {0: 5, 1: 0}.get(remainder, 11 - remainder)


def s10_number(serial: int, country: str) -> str:
    """The number of the label with that serial (0 to 2,599,999,999), sent from that country.

    Equal serials, equal numbers; after 100 million labels the second letter goes on.
    """
    letter, rest = divmod(serial, _PER_LETTER)
    digits = f"{rest:08d}"
    return f"L{chr(ord('A') + letter % 26)}{digits}{check_digit(digits)}{country}"
