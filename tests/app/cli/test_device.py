"""`unico device`, as an administrator uses it."""

import asyncio
import re
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.ext.asyncio import create_async_engine

from app.cli import main
from domain.identity.device import DeviceKey
from domain.identity.tables import device as devices
from tests.support import stock
from tests.support.logs import logs_as_before

Run = Callable[..., Result]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_database: str, redis_url: str
) -> Generator[Run]:
    """Runs `unico device` on a database with the locations ROME and MILAN."""
    for name, value in {
        "UNICO_HOME": str(tmp_path / "home"),
        "DATABASE_URL": clean_database,
        "REDIS_URL": redis_url,
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    asyncio.run(prepare(clean_database))
    with logs_as_before():
        yield lambda *arguments: CliRunner().invoke(main, ["device", *arguments])


async def prepare(url: str) -> None:
    engine = create_async_engine(url)
    await stock.build(engine, stock.World(locations=("ROME", "MILAN")))
    await engine.dispose()


async def stored(url: str) -> list[sa.Row[tuple[object, ...]]]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.select(devices))).all()
    await engine.dispose()
    return list(rows)


def enroll(run: Run, *arguments: str) -> str:
    """The key of a new device."""
    result = run("enroll", "--name", "Till 1", "--location", "ROME", *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()[-1]


def test_the_bare_key_is_the_last_line(run: Run, clean_database: str) -> None:
    key = DeviceKey.parse(enroll(run))
    (row,) = asyncio.run(stored(clean_database))
    assert (row.id, row.key_hash, row.role) == (key.device_id, key.sha256, "POS")
    assert (row.enrolled_by, row.location_id) == ("ADMIN:command-line", stock.place("ROME"))


def test_a_key_may_have_an_end_and_another_role(run: Run, clean_database: str) -> None:
    assert enroll(run, "--role", "warehouse", "--days", "10").startswith("unico_warehouse_")
    (row,) = asyncio.run(stored(clean_database))
    assert (row.expires_at - row.enrolled_at).days == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["enroll", "--name", "x", "--location", "NOWHERE"], "No location NOWHERE"),
        (["enroll", "--name", " ", "--location", "ROME"], "name: must not be empty"),
        (["revoke", "x"], "neither a device id nor the start of a key"),
        (["revoke", "0192f0c4-0000-7000-8000-000000000001"], "not found"),
    ],
)
def test_what_is_wrong_is_one_line(run: Run, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith("Error: ")
    assert message in line


def test_devices_are_listed_and_revoked_by_the_start_of_their_key(run: Run) -> None:
    first, second = DeviceKey.parse(enroll(run)), DeviceKey.parse(enroll(run))
    result = run("revoke", first.prefix)
    assert result.output == f"Till 1 ({first.prefix}) is revoked.\n"
    assert run("revoke", str(first.device_id)).exit_code == 0
    lines = run("list").stdout.splitlines()
    states = {line.split()[0]: line.split()[-1] for line in lines[1:]}
    assert states == {first.prefix: "revoked", second.prefix: "active"}
    assert re.search(r"Till 1 +POS +ROME +\d{4}-\d\d-\d\d +never", lines[1])
    assert first.text not in "".join(lines)
