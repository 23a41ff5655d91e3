import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.model import (
    Component,
    checked_components,
    checked_sku,
    checked_texts,
    checked_weight,
    name_texts,
    normal_barcode,
    texts_of,
)
from domain.common.errors import ValidationFailed
from domain.common.ids import Sku
from domain.common.texts import checked_tags


@pytest.mark.parametrize("sku", ["A", "a1", "0f3b2c", "HAT-01/RED_M.x", "x" * 64])
def test_skus_of_this_form_are_taken_as_they_are(sku: str) -> None:
    assert checked_sku("sku", sku) == sku


@pytest.mark.parametrize("sku", ["", "-A", "A-", "A B", "A:B", "À", "x" * 65, "A\n"])
def test_other_skus_are_refused(sku: str) -> None:
    with pytest.raises(ValidationFailed):
        checked_sku("sku", sku)


@pytest.mark.parametrize(
    ("given_code", "kept"),
    [
        ("4006381333931", "4006381333931"),
        ("73513537", "73513537"),
        ("036000291452", "0036000291452"),
        ("00036000291452", "0036000291452"),
        ("10614141000415", "10614141000415"),
        ("INT-0042", "INT-0042"),
        ("12345", "12345"),
    ],
)
def test_a_barcode_has_one_form(given_code: str, kept: str) -> None:
    assert normal_barcode("barcode", given_code) == kept
    assert normal_barcode("barcode", kept) == kept


@pytest.mark.parametrize("wrong", ["4006381333932", "73513538", "", "a b", "é", "x" * 49])
def test_a_barcode_with_a_wrong_digit_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationFailed):
        normal_barcode("barcode", wrong)


@given(st.text(alphabet="0123456789", min_size=13, max_size=13), st.integers(1, 9))
def test_exactly_one_check_digit_fits(payload: str, wrong: int) -> None:
    accepted = [digit for digit in "0123456789" if _accepted(f"{payload}{digit}")]
    assert len(accepted) == 1
    assert not _accepted(f"{payload}{(int(accepted[0]) + wrong) % 10}")


def _accepted(barcode: str) -> bool:
    try:
        normal_barcode("barcode", barcode)
    except ValidationFailed:
        return False
    return True


def test_texts_are_clean_lines_by_language() -> None:
    assert checked_texts("names", {"it": " Cappello  blu ", "en": "Hat"}, 20) == {
        "en": "Hat",
        "it": "Cappello blu",
    }
    for wrong in ({"en": ""}, {"EN": "Hat"}, {"en": "x" * 21}):
        with pytest.raises(ValidationFailed):
            checked_texts("names", wrong, 20)
    with pytest.raises(ValidationFailed):
        texts_of([("en", "a"), ("en", "b")], "names")


def test_a_variant_is_called_like_its_product_unless_it_has_names() -> None:
    assert name_texts({"en": "Hat"}, {}) == {"en": "Hat"}
    assert name_texts({"en": "Hat"}, {"en": "Blue hat"}) == {"en": "Blue hat"}


def test_weights_and_tags_have_limits() -> None:
    assert checked_weight("weightG", 0) == 0
    assert checked_tags("tags", ["new", "hot_item", "new"]) == ("hot_item", "new")
    for weight in (-1, 10_000_001):
        with pytest.raises(ValidationFailed):
            checked_weight("weightG", weight)
    for tags in (["New"], ["a b"], [""], [f"t{i}" for i in range(51)]):
        with pytest.raises(ValidationFailed):
            checked_tags("tags", tags)


def test_components_are_sorted_and_make_sense() -> None:
    kit, hat, scarf = Sku("KIT"), Sku("HAT"), Sku("SCARF")
    assert checked_components(kit, [Component(scarf, 2), Component(hat, 1)]) == (
        Component(hat, 1),
        Component(scarf, 2),
    )
    for wrong in (
        [Component(kit, 1)],
        [Component(hat, 1), Component(hat, 1)],
        [Component(hat, 0)],
        [Component(hat, 10_001)],
        [Component(Sku(f"S{i}"), 1) for i in range(51)],
    ):
        with pytest.raises(ValidationFailed):
            checked_components(kit, wrong)
