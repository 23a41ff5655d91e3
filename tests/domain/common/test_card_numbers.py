import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.card_numbers import check_no_card_number, passes_luhn
from domain.common.errors import ValidationFailed

# Test numbers that card schemes publish: no account has them.
VISA, MASTERCARD, AMEX = "4111111111111111", "5555555555554444", "378282246310005"


def refused(text: str) -> bool:
    try:
        check_no_card_number("note", text)
    except ValidationFailed as error:
        return error.field == "note" and not any(each.isdigit() for each in error.message)
    return False


@pytest.mark.parametrize(
    "text",
    [
        VISA,
        f"card {MASTERCARD}, valid 12/27",
        f"{AMEX}.",
        "4111 1111 1111 1111 12 27 123",
        "12 4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "٤١١١١١١١١١١١١١١١",
        "41111111-1111-1111-1111-111111111111",
        "a4111111111111111",
        f"ab4111111111111111ab0123456789cd {VISA}",
        "\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11",
    ],
)
def test_card_numbers_are_found_however_they_are_written(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "call +39 333 123 4567 after 6",
        "4111111111111112",
        "order 123456789012",
        "4111 1111 1111 / 1111",
        "0" * 12,
        "12345678901234567890 1",
        "ab4111111111111111ab0123456789cd",
        "order 5e411111-1111-1111-1111-e0123456789a shipped",
    ],
)
def test_other_numbers_may_stand_in_a_text(text: str) -> None:
    assert not refused(text)


@given(st.text(alphabet="0123456789", min_size=12, max_size=18), st.sampled_from(["", " ", "-"]))
def test_every_number_with_a_check_digit_is_found(payload: str, separator: str) -> None:
    digit = next(d for d in "0123456789" if passes_luhn(payload + d))
    assert refused(f"x {separator.join(payload + digit)} y")


@given(st.text(alphabet="0123456789", min_size=12, max_size=18))
def test_one_wrong_digit_is_no_card_number(payload: str) -> None:
    wrong = [d for d in "0123456789" if not passes_luhn(payload + d)]
    assert len(wrong) == 9
    assert not any(passes_luhn(payload + d) for d in wrong)
