"""E-mail addresses and phone numbers in the one form by which customers are recognised."""

import re
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat

from domain.common.errors import ValidationFailed
from domain.common.texts import checked_country

_LONGEST_PHONE = 40
_LONGEST_PLAIN = 200
_PLAIN = re.compile(r"(?=.{1,64}$)[a-z0-9_+-]+(\.[a-z0-9_+-]+)*", re.ASCII)
"""Local parts that are valid and normal as they are, whatever the domain."""


def normal_email(email: str) -> str:
    """`email` normalised (RFC 6531, IDNA) and in small letters. Whether it exists is not checked.

    Raises:
        ValidationFailed: it cannot be an e-mail address; the message does not repeat it.
    """
    given = email.strip().lower()
    local, _, domain = given.rpartition("@")
    if given.isascii() and len(given) <= _LONGEST_PLAIN and _PLAIN.fullmatch(local):
        return f"{local}@{_normal_domain(domain)}"
    return _checked(given)


@lru_cache(maxsize=4096)
def _normal_domain(domain: str) -> str:
    """Checking the domain is most of the work, and most customers share a few of them."""
    return _checked(f"a@{domain}").removeprefix("a@")


def _checked(email: str) -> str:
    try:
        return validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise ValidationFailed("email", "is not an e-mail address") from error


def normal_phone(phone: str, country: str | None) -> str:
    """`phone` in E.164 form, such as +390612345678. A number in national form is read as one of
    `country` (ISO 3166-1 alpha-2); extensions are dropped.

    Possible numbers pass, so that ranges newer than the installed numbering plans do too.

    Raises:
        ValidationFailed: it cannot be a phone number, or it is in national form and there is no
            country; the message does not repeat it.
    """
    if country is not None:
        checked_country("country", country)
    if len(phone) > _LONGEST_PHONE:
        raise ValidationFailed("phone", f"must have at most {_LONGEST_PHONE} characters")
    try:
        number = phonenumbers.parse(phone, country)
    except NumberParseException as error:
        raise ValidationFailed("phone", _REASON) from error
    normal = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or not _means_itself(number, normal):
        raise ValidationFailed("phone", _REASON)
    return normal


def _means_itself(number: phonenumbers.PhoneNumber, normal: str) -> bool:
    """Whether reading the E.164 form gives the number back; not so for some that begin with zeros,
    such as 000000 in Germany, where each reading takes one of them for the trunk prefix.
    """
    return not number.italian_leading_zero or phonenumbers.parse(normal) == number


_REASON = "is not a phone number; outside its country it needs the country code, such as +39"
