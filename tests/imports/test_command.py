"""`unico import stock|products|prices|customers|orders FILE` as a user runs it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.imports import assert_sound, clear_stages, stages
from tests.support.installation import unico
from tests.support.mutations import everything
from tests.support.stock import World, build, level_at


@pytest.fixture
async def addresses(engine: AsyncEngine, clean_database: str, redis_url: str) -> Mapping[str, str]:
    await clear_stages(engine)
    await build(engine, World(skus=(), locations=("ROME",)))
    return {"DATABASE_URL": clean_database, "REDIS_URL": redis_url}


async def run(
    home: Path, addresses: Mapping[str, str], kind: str, content: bytes, *options: str
) -> tuple[int | None, str, str]:
    """Exit code, output and errors of importing the content."""
    path = home / f"{kind}.csv"
    path.write_bytes(content)
    command = await unico(home, "import", kind, str(path), *options, **addresses)
    out, err = await command.communicate()
    return command.returncode, out.decode(), err.decode()


@pytest.mark.slow
async def test_files_are_applied_and_refused_rows_reported(
    addresses: Mapping[str, str], engine: AsyncEngine, tmp_path: Path
) -> None:
    code, out, err = await run(tmp_path, addresses, "products", b"product,sku,name\nHATS,HAT,Hat\n")
    assert code == 0, err
    assert "1 applied" in out
    counted = b"location,sku,on_hand\nROME,HAT,7\nROME,CAP,1\n"
    for applied, unchanged in ((1, 0), (0, 1)):
        code, out, err = await run(tmp_path, addresses, "stock", counted)
        assert code == 0, err
        assert re.search(rf"^{applied} applied$", out, re.MULTILINE)
        assert re.search(rf"^{unchanged} unchanged$", out, re.MULTILINE)
        assert re.search(r"^1 quarantined$", out, re.MULTILINE)
    report = tmp_path / "quarantine-stock.csv"
    assert report.read_text().splitlines()[1:] == ["3,sku: is not known,ROME,CAP,1,,"]
    options = ("--as-of", "2026-01-01T08:00:00Z", "--report", str(tmp_path / "other.csv"))
    code, out, err = await run(tmp_path, addresses, "stock", counted, *options)
    assert code == 0, err
    assert (tmp_path / "other.csv").is_file()
    for kind, content in (
        ("prices", b"sku,channel,currency,amount\nHAT,WEB,EUR,19.90\n"),
        ("customers", b"source,reference,channel\ncrm,1,WEB\n"),
    ):
        code, out, err = await run(tmp_path, addresses, kind, content)
        assert code == 0, err
        assert "1 applied" in out
    assert (await level_at(engine, "HAT")).on_hand == 7
    assert await stages(engine) == []
    await assert_sound(engine)


@pytest.mark.slow
async def test_what_is_no_such_file_is_said_in_a_line(
    addresses: Mapping[str, str], engine: AsyncEngine, tmp_path: Path
) -> None:
    before = await everything(engine)
    code, _, err = await run(tmp_path, addresses, "stock", b"sku,on_hand\nHAT,1\n")
    assert (code, err.count("\n")) == (1, 1)
    assert "the first line has no column location" in err
    code, _, err = await run(tmp_path, addresses, "orders", b"")
    assert code == 1
    assert "the file is empty" in err
    missing = await unico(tmp_path, "import", "prices", str(tmp_path / "none.csv"), **addresses)
    _, said = await missing.communicate()
    assert missing.returncode == 1
    assert b"is not a file: give a CSV file" in said
    assert await everything(engine) == before
