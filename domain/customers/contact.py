"""E-mail addresses and phone numbers in the one form by which customers are recognised."""

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat

from domain.common.errors import ValidationFailed
from domain.common.texts import checked_country

_LONGEST_PHONE = 40


def normal_email(email: str) -> str:
    """`email` normalised (RFC 6531, IDNA) and in small letters. Whether it exists is not checked.

    Raises:
        ValidationFailed: it cannot be an e-mail address; the message does not repeat it.
    """
    try:
        normalised = validate_email(email.strip().lower(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValidationFailed("email", "is not an e-mail address") from error
    return normalised.lower()


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
    if not phonenumbers.is_possible_number(number):
        raise ValidationFailed("phone", _REASON)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


_REASON = "is not a phone number; outside its country it needs the country code, such as +39"
