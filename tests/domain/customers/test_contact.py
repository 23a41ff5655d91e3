import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.provisional import domains

from domain.common.errors import ValidationFailed
from domain.customers.contact import normal_email, normal_phone


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Ada.Verdi@Example.COM", "ada.verdi@example.com"),
        ("  ada@example.com\n", "ada@example.com"),
        ("ada+news@example.com", "ada+news@example.com"),
        ("ada@b\u00fccher.example", "ada@b\u00fccher.example"),
        ("ada@xn--bcher-kva.example", "ada@b\u00fccher.example"),
    ],
)
def test_an_email_has_one_form(typed: str, normal: str) -> None:
    assert normal_email(typed) == normal


@pytest.mark.parametrize(
    "wrong", ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@localhost", "x" * 400]
)
def test_what_is_no_email_is_refused_without_being_repeated(wrong: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        normal_email(wrong)
    assert caught.value.field == "email"
    assert not wrong or wrong not in caught.value.message


local_parts = st.text(
    alphabet="abcXYZ019.!#$%&'*+-/=?^_`{|}~\u00e9\u0130\u00df\u03a3", min_size=1, max_size=20
)


@given(local_parts, domains())
def test_normal_emails_stay_as_they_are(local: str, domain: str) -> None:
    try:
        normal = normal_email(f"{local}@{domain}")
    except ValidationFailed:
        return
    assert normal_email(normal) == normal
    assert normal == normal.lower()
    assert validate_email(normal, check_deliverability=False)


@pytest.mark.parametrize(
    ("typed", "country", "normal"),
    [
        ("+39 06 1234 5678", None, "+390612345678"),
        ("0039 06 12345678", "IT", "+390612345678"),
        ("06/1234-5678", "IT", "+390612345678"),
        ("(600) 123 456", "ES", "+34600123456"),
        ("+34 600 123 456", "IT", "+34600123456"),
        ("+39 333 123 4567 ext. 12", None, "+393331234567"),
    ],
)
def test_a_phone_number_has_one_form(typed: str, country: str | None, normal: str) -> None:
    assert normal_phone(typed, country) == normal
    assert normal_phone(normal, None) == normal


@pytest.mark.parametrize(
    ("wrong", "country"),
    [
        ("", "IT"),
        ("12", "IT"),
        ("call me", "IT"),
        ("06 1234 5678", None),
        ("+999 123 456 789", None),
        ("+39 06 1234 5678 9012 3456", None),
        ("1" * 50, "IT"),
        ("06 1234 5678", "Italy"),
        ("000000", "DE"),
    ],
)
def test_what_is_no_phone_number_is_refused_without_being_repeated(
    wrong: str, country: str | None
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        normal_phone(wrong, country)
    assert not wrong or wrong not in caught.value.message


@given(
    st.sampled_from(["IT", "ES", "FR", "DE", "US", "BR", "GB", None]),
    st.text(alphabet="0123456789+ -()/.", max_size=24),
)
def test_normal_phone_numbers_stay_as_they_are(country: str | None, typed: str) -> None:
    try:
        normal = normal_phone(typed, country)
    except ValidationFailed:
        return
    assert normal_phone(normal, None) == normal
    assert normal_phone(normal, "JP") == normal
