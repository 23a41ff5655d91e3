from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.integrations.reading import Accepted, Rejected, WrongColumns, read_rows
from domain.integrations.rows import GeolocationRow, OrderItemRow, OrderRow, ProductRow, SellerRow

HEADER = "seller_id,seller_zip_code_prefix,seller_city,seller_state"


def sellers(*lines: str) -> list[Accepted[SellerRow] | Rejected]:
    return list(
        read_rows("sellers.csv", [f"{HEADER}\n", *(f"{line}\n" for line in lines)], SellerRow)
    )


def test_good_rows_come_with_their_line() -> None:
    first, second = sellers('s1,01310," rio, novo ",SP', "", "s2,01311,santos,SP")

    assert isinstance(first, Accepted)
    assert (first.line, first.row.seller_city) == (2, "rio, novo")
    assert first.raw["seller_city"] == " rio, novo "
    assert second.line == 4


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("s1,01310,sp", "has 3 fields, not 4"),
        ("s1,01310,sp,SP,x", "has 5 fields, not 4"),
        ("s 1,01310,sp,SP", "seller_id: String should match pattern '^[A-Za-z0-9]{1,40}$'"),
        ("s1,1310,sp,SP", "seller_zip_code_prefix: String should match pattern '^[0-9]{5}$'"),
        ("s1,01310,,SP", "seller_city: String should have at least 1 character"),
        ("s1,01310,a\x07b,SP", "seller_city: must not contain control characters"),
        ("s1,01310,4111 1111 1111 1111,SP", "seller_city: must not contain a payment card number"),
        ("s1,01310,caf\ufffd,SP", "is not UTF-8"),
    ],
)
def test_bad_rows_are_refused_and_the_next_one_is_read(line: str, reason: str) -> None:
    refused, good = sellers(line, "s2,01311,santos,SP")

    assert isinstance(refused, Rejected)
    assert (refused.file, refused.line, refused.reason) == ("sellers.csv", 2, reason)
    assert isinstance(good, Accepted)


def test_another_file_is_refused_as_a_whole() -> None:
    with pytest.raises(WrongColumns, match=r"sellers\.csv has no column seller_city, seller_state"):
        list(read_rows("sellers.csv", ["seller_id,seller_zip_code_prefix\n"], SellerRow))
    with pytest.raises(WrongColumns):
        list(read_rows("sellers.csv", [], SellerRow))


def test_a_field_too_long_for_a_table_of_text_is_refused() -> None:
    refused, good = sellers(f"s1,01310,{'x' * 200_000},SP", "s2,01311,santos,SP")

    assert isinstance(refused, Rejected)
    assert "field" in refused.reason
    assert isinstance(good, Accepted)


@given(st.lists(st.text(max_size=60), max_size=10))
def test_whatever_the_file_holds_every_record_is_judged(lines: list[str]) -> None:
    text = [f"{line}\n" for line in lines]
    for read in read_rows("sellers.csv", [f"{HEADER}\n", *text], SellerRow):
        assert read.line >= 2


def test_local_times_become_utc_summer_time_included() -> None:
    winter, summer = (
        OrderRow.model_validate(
            {
                "order_id": "o1",
                "customer_id": "c1",
                "order_status": "shipped",
                "order_purchase_timestamp": text,
                "order_approved_at": "",
                "order_delivered_carrier_date": "",
                "order_delivered_customer_date": "",
            }
        )
        for text in ("2018-07-01 10:00:00", "2018-12-01 10:00:00")
    )
    assert winter.order_purchase_timestamp == datetime(2018, 7, 1, 13, tzinfo=UTC)
    assert summer.order_purchase_timestamp == datetime(2018, 12, 1, 12, tzinfo=UTC)
    assert winter.order_approved_at is None


def test_amounts_have_two_decimals_at_most() -> None:
    def price(text: str) -> list[Accepted[OrderItemRow] | Rejected]:
        header = "order_id,order_item_id,product_id,seller_id,price,freight_value\n"
        return list(read_rows("i", [header, f"o1,1,p1,s1,{text},0\n"], OrderItemRow))

    (good,), (bad,) = price("99.9"), price("9.999")
    assert isinstance(good, Accepted)
    assert good.row.price == Decimal("99.9")
    assert isinstance(bad, Rejected)


def test_a_product_without_a_weight_is_a_product() -> None:
    header = "product_id,product_category_name,product_weight_g\n"
    (read,) = read_rows("products.csv", [header, "p1,,\n"], ProductRow)
    assert isinstance(read, Accepted)
    assert (read.row.product_weight_g, read.row.product_category_name) == (None, "")


def test_a_point_outside_of_brazil_is_a_mistake() -> None:
    header = (
        "geolocation_zip_code_prefix,geolocation_lat,geolocation_lng,"
        "geolocation_city,geolocation_state\n"
    )
    rows = [header, "01310,-23.5,-46.6,sp,SP\n", "01310,-23.5,9.1,sp,SP\n"]
    good, bad = read_rows("geolocation.csv", rows, GeolocationRow)
    assert isinstance(good, Accepted)
    assert isinstance(bad, Rejected)
