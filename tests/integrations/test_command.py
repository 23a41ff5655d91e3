"""`unico import orders` as a user runs it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.installation import unico
from tests.support.olist import small


@pytest.fixture
def addresses(clean_database: str, redis_url: str) -> Mapping[str, str]:
    return {"DATABASE_URL": clean_database, "REDIS_URL": redis_url}


@pytest.mark.slow
async def test_it_counts_what_it_added_and_names_what_it_refused(
    addresses: Mapping[str, str], tmp_path: Path
) -> None:
    files = small(["delivered", "shipped"])
    files.product("p1")
    directory = files.write(tmp_path / "data")
    report = tmp_path / "home" / "quarantine-orders.csv"

    found: list[str] = []
    for _ in range(2):
        command = await unico(tmp_path / "home", "import", "orders", str(directory), **addresses)
        out, err = await command.communicate()
        assert command.returncode == 0, err.decode()
        found.append(out.decode())

    first, second = found
    assert re.search(r"orders +2\b", first)
    assert re.search(r"orders +0\b", second)
    assert "1 rows refused, 1 of them new" in first
    assert "1 rows refused, 0 of them new" in second
    assert "0 changes" in second.splitlines()[-1]
    assert "products.csv,3,product_id comes twice" in report.read_text()


async def test_it_says_what_is_missing(addresses: Mapping[str, str], tmp_path: Path) -> None:
    command = await unico(tmp_path, "import", "orders", str(tmp_path / "nowhere"), **addresses)
    _, err = await command.communicate()
    assert command.returncode == 1
    assert b"is not a directory: give the one with the CSV files" in err
