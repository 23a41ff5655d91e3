"""Postal codes as they are compared."""


def postal_key(postal_code: str) -> str:
    """A postal code as prefixes are compared: capitals, without blanks and hyphens."""
    return "".join(each for each in postal_code.upper() if each.isalnum())
