"""Barcodes for goods of a retailer's own."""

from domain.catalog.model import Barcode

_LARGEST = 10**10 - 1


def in_store_ean13(number: int) -> Barcode:
    """The EAN-13 with prefix 21 that stands for `number` (0 to 9,999,999,999).

    Prefixes 20 to 29 are for restricted circulation within a company and never assigned to a
    manufacturer (GS1 General Specifications 1.4.5, check digit 7.9.1).

    Raises:
        ValueError: the number has more than ten digits.
    """
    if not 0 <= number <= _LARGEST:
        raise ValueError("a number of an in-store barcode has at most ten digits")
    digits = f"21{number:010d}"
    weighted = sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(digits))
    return Barcode(f"{digits}{-weighted % 10}")
