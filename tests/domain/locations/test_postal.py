"""Where postal codes are: read from files, kept by country, looked up with what begins alike."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.errors import ValidationFailed
from domain.locations.model import Coordinates
from domain.locations.postal import PostalPlace, points_of, replace_points
from domain.locations.postal_files import (
    RefusedLine,
    beginnings,
    read_postal_file,
    with_beginnings,
)
from domain.locations.tables import postal_point
from domain.orders.checkout import place_order
from domain.orders.commands import Delivery, PlaceOrder
from domain.orders.results import Placed
from domain.orders.tables import fulfillment_order, order_address
from tests.support.engines import engine_of, place_all
from tests.support.installation import unico
from tests.support.shop import MILAN, ROME, Shop, open_shop, order
from tests.support.statements import counted_statements

GEONAMES = Path(__file__).parents[4] / "shared" / "data" / "geonames_postal"
ROME_POINT, MILAN_POINT = Coordinates(41.9, 12.5), Coordinates(45.46, 9.19)


def line(code: str, latitude: object, longitude: object, country: str = "IT") -> str:
    return f"{country}\t{code}\tPlace\tRegion\t01\tProvince\tXX\t\t\t{latitude}\t{longitude}\t4\n"


def read(*lines: str, country: str = "IT") -> Mapping[str, Coordinates]:
    return read_postal_file(lines, country).points


def test_lines_of_one_code_give_their_middle() -> None:
    points = read(line("67012", 42, 13), line("67012", 44, 13), line("sw1a-1aa ", 1, 2))
    assert points == {"67012": Coordinates(43.0, 13.0), "SW1A1AA": Coordinates(1.0, 2.0)}


def test_points_on_both_sides_of_the_180th_meridian_meet_there() -> None:
    (point,) = read(line("689", 0, 179), line("689", 0, -179)).values()
    assert abs(point.longitude) == 180


def test_lines_of_no_use_are_told_and_lines_of_other_countries_counted() -> None:
    good, abroad = line("67010", 42, 13), line("28001", 40, -3, "ES")
    found = read_postal_file(
        [
            good, abroad, "\n", "IT\t67010\n", line("1", 1, 1), line("67013", "north", 1),
            line("67014", 91, 1), line("67014", "nan", 1), line("6" * 13, 1, 1),
        ],
        "IT",
    )  # fmt: skip
    assert list(found.points) == ["67010"]
    assert (found.lines, found.elsewhere) == (8, 1)
    assert found.refused == (
        RefusedLine(4, "line: must have 12 values, separated by tabs"),
        RefusedLine(5, "postal code: must be 2 to 12 characters"),
        RefusedLine(6, "latitude, longitude: must be degrees"),
        RefusedLine(7, "point.latitude: must be -90 to 90 degrees"),
        RefusedLine(8, "point.latitude: must be -90 to 90 degrees"),
        RefusedLine(9, "postal code: must be 2 to 12 characters"),
    )


def test_beginnings_are_in_the_middle_of_their_codes_and_codes_stay_where_they_are() -> None:
    points = read(line("0010", 10, 0), line("0012", 12, 0), line("00", 50, 0))
    assert beginnings("00123") == ["00123", "0012", "001", "00"]
    assert beginnings("0") == []
    assert beginnings("1" * 200)[0] == "1" * 12
    assert with_beginnings(points) == {
        "0010": Coordinates(10.0, 0.0),
        "0012": Coordinates(12.0, 0.0),
        "001": Coordinates(11.0, 0.0),
        "00": Coordinates(50.0, 0.0),
    }


async def store(shop: Shop, points: Mapping[str, Coordinates], country: str = "IT") -> None:
    await shop.database.run(lambda tx: replace_points(tx, country, points), actor_key="test")


async def looked_up(shop: Shop, *places: PostalPlace) -> Mapping[PostalPlace, Coordinates]:
    return await shop.database.read(lambda c: points_of(c, places))


@pytest.mark.usefixtures("clean_database")
async def test_codes_are_looked_up_by_one_statement(engine: AsyncEngine) -> None:
    shop = await open_shop(engine, {})
    await store(shop, {"00118": ROME_POINT, "20121": MILAN_POINT})
    await store(shop, {"00118": MILAN_POINT}, "ES")
    asked = [("IT", "00118"), ("IT", "00-1 99"), ("IT", "2"), ("ES", "00118"), ("FR", "00118")]
    with counted_statements(engine) as statements:
        found = await looked_up(shop, *asked)
    assert found == {
        ("IT", "00118"): ROME_POINT,
        ("IT", "00-1 99"): ROME_POINT,
        ("ES", "00118"): MILAN_POINT,
    }
    assert len(statements) == 1
    with counted_statements(engine) as statements:
        assert await looked_up(shop) == {}
    assert statements == []


@pytest.mark.usefixtures("clean_database")
async def test_a_country_is_replaced_as_a_whole(engine: AsyncEngine) -> None:
    shop = await open_shop(engine, {})
    await store(shop, {"00118": ROME_POINT}, "ES")
    await store(shop, {"00118": ROME_POINT, "20121": MILAN_POINT})
    await store(shop, {"00118": MILAN_POINT})
    found = await looked_up(shop, ("IT", "00118"), ("IT", "20121"), ("ES", "00118"))
    assert found == {("IT", "00118"): MILAN_POINT, ("ES", "00118"): ROME_POINT}
    with pytest.raises(ValidationFailed):
        await store(shop, {})
    assert await looked_up(shop, ("IT", "00118")) == {("IT", "00118"): MILAN_POINT}


def to_milan(**known: Any) -> PlaceOrder:
    """An order to Milan without coordinates, unless they are `known`."""
    wish = order(near="MILAN")
    assert wish.delivery.address is not None
    address = replace(
        wish.delivery.address, postal_code="20199", **{"latitude": None, "longitude": None, **known}
    )
    return replace(wish, delivery=Delivery(wish.delivery.mode, address))


@pytest.mark.usefixtures("clean_database")
async def test_an_address_without_coordinates_is_served_from_near_its_code(
    engine: AsyncEngine,
) -> None:
    shop = await open_shop(engine, {"HAT": {"ROME": 3, "MILAN": 3}})
    sender = sa.select(fulfillment_order.c.location_id).order_by(
        fulfillment_order.c.created_at.desc()
    ).limit(1)  # fmt: skip
    for points, expected in (
        ({"20121": MILAN_POINT}, MILAN),
        ({"20121": ROME_POINT}, ROME),
    ):
        await store(shop, points)
        placed = await place_order(shop.till(), to_milan())
        assert await shop.scalar(sender) == expected
        stored = sa.select(order_address.c.latitude, order_address.c.longitude).where(
            order_address.c.order_id == placed.order_id
        )
        assert [tuple(row) for row in await shop.rows(stored)] == [(None, None)]
    await place_order(shop.till(), to_milan(latitude=45.46, longitude=9.19))
    assert await shop.scalar(sender) == MILAN
    assert await shop.broken_rules() == []


@pytest.mark.usefixtures("clean_database")
async def test_orders_of_one_batch_are_served_from_near_their_codes(engine: AsyncEngine) -> None:
    shop = await open_shop(engine, {"HAT": {"ROME": 9, "MILAN": 9}})
    await store(shop, {"20121": ROME_POINT})
    wishes = [order(near="MILAN"), to_milan(), to_milan(latitude=45.46, longitude=9.19)]
    async with engine_of(shop) as batches:
        placed = await place_all(shop, wishes, batches)
    assert batches.acceptances.counts.batches == 1
    assert [isinstance(each, Placed) for each in placed] == [True] * 3
    work = fulfillment_order.c
    found = await shop.rows(sa.select(work.order_id, work.location_id))
    senders = {row.order_id: row.location_id for row in found}
    ids = [each.order_id for each in placed if isinstance(each, Placed)]
    assert [senders[each] for each in ids] == [MILAN, ROME, MILAN]


@pytest.mark.slow
async def test_the_command_sets_the_codes_of_a_country(
    engine: AsyncEngine, clean_database: str, redis_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "IT.txt"
    path.write_text(line("00118", 41.9, 12.5) + line("28001", 40, -3, "ES") + "what\n")
    given = {"DATABASE_URL": clean_database, "REDIS_URL": redis_url}
    command = await unico(tmp_path, "import", "postal-codes", str(path), "--country", "IT", **given)
    out, err = (part.decode() for part in await command.communicate())
    assert command.returncode == 0, err
    assert "3 lines, 1 postal codes" in out
    assert "1 lines of other countries, 1 refused" in out
    assert "line 3: line: must have 12 values" in out
    async with engine.connect() as connection:
        codes = await connection.scalars(sa.select(postal_point.c.postal_code))
        assert sorted(codes) == ["00", "001", "0011", "00118"]
    command = await unico(tmp_path, "import", "postal-codes", str(path), "--country", "FR", **given)
    out, err = (part.decode() for part in await command.communicate())
    assert command.returncode == 1
    assert "has no postal codes here: FR" in err


@pytest.mark.skipif(
    not GEONAMES.is_dir(),
    reason="the files of GeoNames are not in ../shared/data/geonames_postal",
)
@pytest.mark.parametrize(
    ("country", "code", "near"),
    [("IT", "20121", MILAN_POINT), ("IT", "00100", ROME_POINT), ("ES", "28001", None)],
)
def test_the_files_of_geonames_are_read_whole(
    country: str, code: str, near: Coordinates | None
) -> None:
    with (GEONAMES / f"{country}.txt").open(encoding="utf-8") as lines:
        found = read_postal_file(lines, country)
    assert found.refused == ()
    assert found.lines > 18_000
    known = with_beginnings(found.points)
    point = next(known[each] for each in beginnings(code) if each in known)
    expected = near or Coordinates(40.42, -3.69)
    assert abs(point.latitude - expected.latitude) < 0.3
    assert abs(point.longitude - expected.longitude) < 0.3
