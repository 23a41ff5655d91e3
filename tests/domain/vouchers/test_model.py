"""Codes of gift cards: what can be typed wrong is told, and none is taken for a card number."""

import pytest
from hypothesis import given
from hypothesis.strategies import binary, integers, sampled_from

from domain.common.card_numbers import check_no_card_number
from domain.common.errors import ValidationFailed
from domain.vouchers.model import (
    ALPHABET,
    CODE_LENGTH,
    check_symbol,
    code_hash,
    code_of,
    normal_code,
    shown,
)

RANDOM = binary(min_size=10, max_size=10)


@given(RANDOM)
def test_a_code_reads_however_it_is_typed(random_bytes: bytes) -> None:
    code = code_of(random_bytes)
    if code is None:
        return
    printed = shown(code)
    assert len(printed) == 19
    typed = printed.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert normal_code("code", typed) == normal_code("code", printed) == code
    assert len(code_hash(code)) == 64
    check_no_card_number("code", printed)


@given(RANDOM, integers(0, CODE_LENGTH - 1), sampled_from(ALPHABET))
def test_a_wrong_symbol_is_told(random_bytes: bytes, place: int, other: str) -> None:
    code = code_of(random_bytes)
    if code is None or code[place] == other:
        return
    with pytest.raises(ValidationFailed, match="wrong symbol"):
        normal_code("code", code[:place] + other + code[place + 1 :])


def test_what_cannot_be_a_code() -> None:
    for text in ("", "ABC", "U" * CODE_LENGTH, "4111 1111 1111 1111", "é" * CODE_LENGTH):
        with pytest.raises(ValidationFailed) as refused:
            normal_code("code", text)
        assert text not in refused.value.message or not text


def test_digits_that_pass_for_a_card_are_not_given_out() -> None:
    digits = int("".join(f"{ALPHABET.index(symbol):05b}" for symbol in reversed("4" + "0" * 14)), 2)
    body = "4" + "0" * 14
    assert check_symbol(body) in ALPHABET
    code = code_of(digits.to_bytes(10))
    assert code is None or not code.isdigit()
